# What one does with this catalog day by day: `just`, from crates.io or your distribution, runs it.
#
# solera-pin is the one of this tree, built when it is needed; `just solera-pin=solera-pin build-all`, or SOLERA_PIN in the
# environment, takes an installed one.

solera-pin := env("SOLERA_PIN", "cargo run --release --locked --quiet --")
# Where images are pushed, such as ghcr.io/acme.
tag-prefix := env("TAG_PREFIX", "")
[private]
prefixed := if tag-prefix == "" { "" } else { "--tag-prefix " + quote(tag-prefix) }

# Lists the recipes
default:
    @{{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} --list

# Builds images with what pins.lock holds: just build wordpress-fpm --platform linux/amd64
build +arguments:
    {{ solera-pin }} build {{ prefixed }} {{ arguments }}

# Builds every image of the catalog
build-all *arguments:
    {{ solera-pin }} build {{ prefixed }} {{ arguments }}

# Builds images and pushes them: TAG_PREFIX=ghcr.io/acme just push wordpress-fpm
push +arguments:
    {{ solera-pin }} build --push {{ prefixed }} {{ arguments }}

# Builds every image of the catalog and pushes it
push-all *arguments:
    {{ solera-pin }} build --push {{ prefixed }} {{ arguments }}

# Runs the gate
verify *arguments:
    {{ solera-pin }} verify {{ arguments }}

# Moves the pins; read the change, and commit it
refresh *arguments:
    {{ solera-pin }} refresh {{ arguments }}

# Runs every test; --long with the large counts
test *arguments:
    scripts/test {{ arguments }}
