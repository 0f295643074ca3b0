#!/bin/sh
# Binds floating-IP aliases to one interface of the node it runs on, and keeps them bound.
#
#   FIP_INTERFACE        the interface, such as eth0 (required)
#   FIP_ALIASES          aliases, separated by spaces, commas or line ends
#   FIP_ALIASES_FILE     a file with one alias a line, # starts a comment; read again in every round
#   FIP_INTERVAL         seconds between rounds, 30 if not set; 0 is one round and then exit
#   FIP_RELEASE_ON_EXIT  yes: release the aliases at SIGTERM and SIGINT; no, the default: leave them bound
#
# An alias is 203.0.113.10, 203.0.113.10/32, 2001:db8::10 or 2001:db8::10/128. One that leaves the file is released.
# It needs NET_ADMIN and the network of the host: in a container's own network it would bind them there.
#
# Exit codes: 0 done or stopped; 1 an alias of a single round could not be bound; 2 the settings cannot be used.

# No set -e: one alias that cannot be bound must not stop the others. No globbing: lists are split without quotes.
set -uf
export LC_ALL=C
IFS=$(printf ' ,\t\r\n.')
IFS=${IFS%.}

interface=${FIP_INTERFACE:-}
aliases=${FIP_ALIASES:-}
aliases_file=${FIP_ALIASES_FILE:-}
interval=${FIP_INTERVAL:-30}
release_on_exit=${FIP_RELEASE_ON_EXIT:-no}

wanted=''  # the aliases of the last round, with their prefixes
failed=0   # how many of them could not be bound
sleeper='' # the process that waits between rounds

say() {
    printf 'fip-alias-agent: %s\n' "$*" >&2
}

refuse() {
    say "$*"
    exit 2
}

check_settings() {
    case $interface in
    '') refuse 'FIP_INTERFACE is not set; expected the name of an interface, such as eth0' ;;
    -* | *[!A-Za-z0-9._-]*) refuse "FIP_INTERFACE is \"$interface\"; expected the name of an interface, such as eth0" ;;
    esac
    [ -n "$aliases$aliases_file" ] || refuse 'there are no aliases; expected FIP_ALIASES or FIP_ALIASES_FILE'
    case $interval in
    ?????? | *[!0-9]*) refuse "FIP_INTERVAL is \"$interval\"; expected seconds, from 0 to 99999" ;;
    esac
    case $release_on_exit in
    yes | no) ;;
    *) refuse "FIP_RELEASE_ON_EXIT is \"$release_on_exit\"; expected yes or no" ;;
    esac
    if [ "$interval" -eq 0 ] && [ "$release_on_exit" = yes ]; then
        refuse 'FIP_RELEASE_ON_EXIT is yes and FIP_INTERVAL is 0; expected an interval: a single round has no end to wait for'
    fi
    problem=$(ip link show dev "$interface" 2>&1 >/dev/null) || refuse "cannot use FIP_INTERFACE $interface: $problem"
}

# Sets wanted; fails where the file cannot be read.
read_wanted() {
    listed=$aliases
    if [ -n "$aliases_file" ]; then
        lines=$(sed 's/#.*//' "$aliases_file") || return 1
        listed="$listed $lines"
    fi
    wanted=''
    for alias in $listed; do
        case $alias in
        */*) ;;
        *:*) alias=$alias/128 ;;
        *) alias=$alias/32 ;;
        esac
        contains "$wanted" "$alias" || wanted="$wanted $alias"
    done
}

# Whether the list in the first argument has the second as a word.
contains() {
    case " $1 " in
    *" $2 "*) return 0 ;;
    *) return 1 ;;
    esac
}

count() {
    echo $#
}

# Asks the kernel with the address alone: it knows 2001:db8::10 and 2001:DB8:0::10 to be one.
is_bound() {
    [ -n "$(ip -oneline address show dev "$interface" to "${1%/*}" 2>/dev/null)" ]
}

bind_missing() {
    failed=0
    for alias in $wanted; do
        case $alias in
        *[!0-9A-Fa-f.:/]*) problem='expected an IPv4 or IPv6 address, such as 203.0.113.10 or 2001:db8::10' ;;
        *)
            is_bound "$alias" && continue
            if problem=$(ip address replace "$alias" dev "$interface" 2>&1); then
                say "bound $alias to $interface"
                continue
            fi
            ;;
        esac
        say "cannot bind $alias to $interface: $problem"
        failed=$((failed + 1))
    done
}

# Always with the prefix: the kernel then finds no address that is bound with another one, such as the node's own.
release() {
    for alias in "$@"; do
        is_bound "$alias" || continue
        if problem=$(ip address del "$alias" dev "$interface" 2>&1); then
            say "released $alias from $interface"
        else
            say "cannot release $alias from $interface: $problem"
        fi
    done
}

run_round() {
    before=$wanted
    if ! read_wanted; then
        wanted=$before
        say "cannot read FIP_ALIASES_FILE $aliases_file; keeping the aliases of the last round"
    fi
    for alias in $before; do
        contains "$wanted" "$alias" || release "$alias"
    done
    bind_missing
}

stop() {
    trap '' TERM INT
    [ -z "$sleeper" ] || kill "$sleeper" 2>/dev/null
    say "stopping; release aliases: $release_on_exit"
    # shellcheck disable=SC2086 # split into aliases
    [ "$release_on_exit" = no ] || release $wanted
    exit 0
}

main() {
    check_settings
    read_wanted || refuse "cannot read FIP_ALIASES_FILE $aliases_file"
    # As process 1 of a container it gets no signal that it does not ask for.
    trap stop TERM INT
    if [ "$interval" -eq 0 ]; then rounds='one round'; else rounds="a round every $interval s"; fi
    # shellcheck disable=SC2086 # split into aliases
    say "interface $interface, aliases: $(count $wanted), $rounds"
    bind_missing
    if [ "$interval" -eq 0 ]; then
        [ "$failed" -eq 0 ] || exit 1
        exit 0
    fi
    while :; do
        # In the background, so that a signal does not wait for it.
        sleep "$interval" &
        sleeper=$!
        wait "$sleeper"
        sleeper=''
        run_round
    done
}

main
