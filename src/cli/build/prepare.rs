//! What a builder is told of an image: arguments, labels, its time, its name, and what it may read.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Job;
use crate::catalog::{Image, Mode};
use crate::cli::emit::{read::Named, read::pins, sources_list_of};
use crate::cli::session::Session;
use crate::emit::{all_arguments, source_policy};
use crate::engine::{Recipe, digits_of, outside, tag_of};
use crate::error::{Error, Status};
use crate::files;
use crate::lock::FILE_NAME;
use crate::model::{Algorithm, Digest, Hasher, Pin, PinName, Platform};
use crate::report::harmless;
use crate::tree::{Context, Entry, How, Standing, Touched};

/// How a label of an image is called (image-spec, "annotations").
const LABEL: &str = "org.opencontainers.image.";

pub(super) fn recipe(session: &mut Session<'_>, job: &Job<'_>, image: &Image) -> Result<Recipe, Error> {
    let (workspace, store) = (job.workspace, job.store);
    let name = &image.name;
    let folder = image.folder();
    let read = image.pins().cloned().collect();
    let arguments = all_arguments(&pins(workspace, store, Some(&read))?);
    let pins_read = pins_of(job, image)?;
    let context = Context::of(
        &workspace.root,
        &image.context(),
        &image.dockerfile.path,
        // buildah shows a RUN all that is in a folder that it binds.
        !job.engine.has_policies() && binds_context(&image.dockerfile.text),
    )?;
    let files: Vec<String> = [FILE_NAME.to_owned()].into_iter().chain(workspace.files()).collect();
    let standing = Standing::of(&workspace.root, &context, FILE_NAME, &files)?;
    let epoch = epoch(session, &standing, &folder)?;
    let inputs = digits_of(&arguments, &contents(&workspace.root, &context)?);
    let tag = tag_of(&workspace.catalog, image, store.lock(), &inputs)
        .map_err(|error| Error::usage(format!("{folder} cannot be built: {error}")))?;
    let platforms = platforms(job, image)?;
    if !job.engine.has_policies() {
        let platforms: Vec<String> = platforms.iter().map(Platform::to_string).collect();
        check(image, &outside(&image.dockerfile.text, &arguments, &platforms, &pins_read))?;
    }
    let mut labels = BTreeMap::from([(format!("{LABEL}version"), tag.to_string())]);
    if let Some(Pin::Image(base)) = store.lock().pins.get(&image.runtime_base) {
        labels.insert(format!("{LABEL}base.name"), format!("{}:{}", base.repository, base.tag));
        labels.insert(format!("{LABEL}base.digest"), base.digest.to_string());
    }
    if let Some(revision) = revision(session, job, standing, image, &context)? {
        labels.insert(format!("{LABEL}revision"), revision);
    }
    let mut recipe = Recipe {
        root: workspace.root.clone(),
        dockerfile: image.dockerfile.path.clone(),
        // A path, whatever it begins with: builders take URLs there as well.
        context: format!("./{}", image.context()),
        ignore_file: context.ignore_file().map(str::to_owned),
        name: format!("{}:{tag}", super::push::repository(job.args, name)),
        run: job.run(image),
        platforms,
        arguments,
        labels,
        epoch,
        policy: policy(job, image, &pins_read)?,
        sources_list: sources_list(job, image, &pins_read)?,
        fresh: job.args.check_reproducible,
        further: job.args.further.clone(),
    };
    if let Some(time) = recipe.time() {
        recipe.labels.insert(format!("{LABEL}created"), time.to_string());
    }
    Ok(recipe)
}

/// The pins that an image may be built from: those that it reads, and those that its files name.
pub(super) fn pins_of(job: &Job<'_>, image: &Image) -> Result<BTreeMap<PinName, Pin>, Error> {
    let mut names = Named::by(job.workspace, job.store.lock(), image).pins;
    names.extend(image.pins().cloned());
    pins(job.workspace, job.store, Some(&names))
}

/// What keeps an image from being built by a builder that nothing keeps from fetching.
fn check(image: &Image, outside: &[String]) -> Result<(), Error> {
    if outside.is_empty() {
        return Ok(());
    }
    let path = &image.dockerfile.path;
    let what = outside.join(", ");
    Err(Error::new(Status::Failed, format!("{path} names what is not locked: {what}"))
        .hint("name a pin there: ARG PIN_NAME, FROM ${PIN_NAME}; `solera-pin add` makes one"))
}

/// What it is built for, each once. A tag promises all that is declared.
fn platforms(job: &Job<'_>, image: &Image) -> Result<Vec<Platform>, Error> {
    let (wanted, own) = (&job.args.platform, &image.platforms);
    let names =
        |platforms: Vec<&Platform>| platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(platform) = wanted.iter().find(|platform| !own.contains(platform)) {
        let error = Error::usage(format!("{} is not built for {platform}", image.name));
        return Err(error.hint(format!("its image.toml says: {}", names(own.iter().collect()))));
    }
    let is_wanted = |platform: &&Platform| wanted.is_empty() || wanted.contains(platform);
    let (built, missing): (Vec<&Platform>, Vec<&Platform>) = own.iter().partition(is_wanted);
    if job.args.push && !job.args.force && !missing.is_empty() {
        let missing = names(missing);
        let error = Error::usage(format!("{} is not pushed: its tag would lack {missing}", image.name));
        return Err(error.hint(
            "leave `--platform` away, to push it for all that its image.toml says; --force pushes a part",
        ));
    }
    Ok(built.into_iter().cloned().collect())
}

/// The latest time that all can hold which times are written into: gzip has 32 bits for one.
const LATEST: i64 = u32::MAX as i64;

/// The time of everything in the image.
fn epoch(session: &Session<'_>, standing: &Option<Standing>, folder: &str) -> Result<i64, Error> {
    let holds = |seconds: &i64| (0..=LATEST).contains(seconds);
    if let Some(text) = session.app.variable("SOURCE_DATE_EPOCH") {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = text.parse::<i64>().ok().filter(|seconds| is_number && holds(seconds));
        return seconds.ok_or_else(|| {
            let error = Error::usage(format!(
                "SOURCE_DATE_EPOCH is `{text}`, which is no time that an image can have"
            ));
            error.hint(format!("it is a count of seconds since 1970, and at most {LATEST}"))
        });
    }
    let why = match standing.as_ref().map(|standing| standing.touched) {
        Some(Touched::At(seconds)) if holds(&seconds) => return Ok(seconds),
        Some(Touched::At(seconds)) => {
            let error = Error::usage(format!(
                "the last commit of pins.lock or {folder} is at {seconds}, which is no time that an image can have"
            ));
            return Err(error.hint("set SOURCE_DATE_EPOCH"));
        }
        Some(Touched::Never) => format!("neither pins.lock nor {folder} is in any commit"),
        Some(Touched::Beyond) => {
            format!(
                "this is a shallow clone, which does not go back to the last change of pins.lock or {folder}"
            )
        }
        None => "there is no git repository with a commit here".to_owned(),
    };
    let error = Error::usage(format!("the time of the image is not known: {why}"));
    Err(error.hint("set SOURCE_DATE_EPOCH, or fetch the history: git fetch --unshallow"))
}

/// The commit that the image is built from, unless what it is built from is in none. What is pushed has one: an audit of it
/// would fail for ever.
fn revision(
    session: &mut Session<'_>,
    job: &Job<'_>,
    standing: Option<Standing>,
    image: &Image,
    context: &Context,
) -> Result<Option<String>, Error> {
    let (why, hint) = match standing {
        None => (
            "there is no git repository with a commit here".to_owned(),
            "what is pushed names the commit that it was built from; `--output DIR` keeps what names none"
                .to_owned(),
        ),
        Some(standing) => match standing.apart.as_slice() {
            [] => return Ok(Some(standing.commit)),
            [first, others @ ..] => {
                let more =
                    if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
                (format!("{first}{more}"), remedy(first.how, image, context))
            }
        },
    };
    if job.args.push {
        return Err(Error::usage(format!("{} is not pushed: {why}", image.name)).hint(hint));
    }
    let note = harmless(&format!("{}: {why}: the image will name no revision", image.name));
    session.output.note(&format!("{note}\n"));
    Ok(None)
}

/// What to do about a file that is not as the commit has it.
fn remedy(how: How, image: &Image, context: &Context) -> String {
    match how {
        How::Differs | How::New | How::Gone => {
            "commit it: what is pushed names the commit that it was built from".into()
        }
        How::Ignored | How::Foreign => {
            let beside = match image.folder() {
                folder if folder == context.folder() => format!("{folder}/.dockerignore"),
                _ => format!("{}.dockerignore", image.dockerfile.path),
            };
            format!("builders see it: take it away, or exclude it in {beside}")
        }
    }
}

/// Whether a RUN may mount the builder's folder, as far as a glance tells.
fn binds_context(dockerfile: &str) -> bool {
    let mounts = dockerfile.split_whitespace().filter_map(|word| word.strip_prefix("--mount="));
    mounts.into_iter().any(|mount| {
        let has = |key: &str| mount.split(',').find_map(|field| field.strip_prefix(key));
        !has("type=").is_some_and(|kind| matches!(kind, "cache" | "secret" | "ssh" | "tmpfs"))
            && has("from=").is_none()
    })
}

/// What a builder sees of an image's folder: each path with a letter for what it is, and its content.
fn contents(root: &Path, context: &Context) -> Result<BTreeMap<String, (char, Digest)>, Error> {
    let mut found = BTreeMap::new();
    for (path, entry) in context.entries() {
        let none = || Digest::sha256(b"");
        let content = match entry {
            Entry::File { program } => {
                let unread = |error| Error::usage(format!("{path} could not be read: {error}"));
                (if *program { 'x' } else { '-' }, hash(&root.join(path)).map_err(unread)?)
            }
            Entry::Link(to) => ('l', Digest::sha256(to.as_bytes())),
            Entry::Folder => ('d', none()),
            Entry::Other => ('o', none()),
        };
        found.insert(path.clone(), content);
    }
    Ok(found)
}

/// The digest of a file of any size.
fn hash(path: &Path) -> io::Result<Digest> {
    let mut file = std::fs::File::open(path)?;
    let (mut hasher, mut buffer) = (Hasher::new(Algorithm::Sha256), vec![0; 128 << 10]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What BuildKit may fetch, in a file.
fn policy(job: &Job<'_>, image: &Image, pins: &BTreeMap<PinName, Pin>) -> Result<Option<PathBuf>, Error> {
    if !job.engine.has_policies() {
        return Ok(None);
    }
    let mode: Mode = job.workspace.catalog.policy.references.mode;
    let path = job.scratch.join(format!("{}.policy.json", image.name));
    files::replace(&path, source_policy(pins, mode, &[]).as_bytes())?;
    Ok(Some(path))
}

fn sources_list(
    job: &Job<'_>,
    image: &Image,
    pins: &BTreeMap<PinName, Pin>,
) -> Result<Option<PathBuf>, Error> {
    if image.packages.is_none() {
        return Ok(None);
    }
    let path = job.scratch.join(format!("{}.sources-list", image.name));
    files::replace(&path, sources_list_of(job.workspace, pins)?.as_bytes())?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::binds_context;

    #[test]
    fn a_mount_of_the_builders_folder_is_told() {
        for (line, binds) in [
            ("RUN --mount=type=secret,id=a --mount=type=cache,target=/x true", false),
            ("RUN --mount=type=bind,from=build,target=/x true", false),
            ("RUN --mount=type=bind,target=/x true", true),
            ("RUN --mount=target=/x true", true),
            ("RUN --mount=type=$KIND,target=/x true", true),
            ("COPY . /x", false),
        ] {
            assert_eq!(binds_context(line), binds, "{line}");
        }
    }
}
