//! References: the places of a file that name an outside input, each with the bytes that say what it names, so that a
//! pin can be written there and taken back without touching another byte.

use std::fmt;
use std::ops::Range;

/// A place in a file that names an outside input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What kind of place it is.
    pub kind: Kind,
    /// Where it stands, in bytes of the file; of one that is spread over several values, the value that names the
    /// version, or else the repository.
    pub span: Range<usize>,
    /// What it names, or why the file alone does not tell.
    pub input: Result<Input, Unresolved>,
}

/// The kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `FROM` of a Dockerfile.
    From,
    /// `COPY --from=` of a Dockerfile.
    CopyFrom,
    /// `RUN --mount=…,from=` of a Dockerfile.
    MountFrom,
    /// `# syntax=` of a Dockerfile.
    Syntax,
    /// `ADD` of a URL or a git repository.
    Add,
    /// A command of `RUN` that fetches something.
    Run,
    /// `image` of a Compose service.
    ComposeService,
    /// An image among a Compose service's `additional_contexts`.
    ComposeContext,
    /// An image in a Kubernetes manifest.
    Kubernetes,
    /// An entry of `images` in a kustomization.
    Kustomize,
    /// `repository` and `tag`, or `image`, in the values of a Helm chart.
    HelmValues,
    /// An image written out in a template of a Helm chart.
    HelmTemplate,
    /// An OCI dependency in `Chart.yaml`.
    HelmDependency,
    /// An image among the `contexts` of a bake target, or its inline Dockerfile's.
    Bake,
    /// `uses` of a GitHub workflow or action.
    ActionsUses,
    /// `container`, `services` or `image` of a GitHub workflow or action.
    ActionsImage,
    /// `image` or `services` of a GitLab job.
    GitlabImage,
    /// A line that a comment above it binds to a pin.
    Comment,
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An image, or another artifact of an image repository.
    Image(ImageInput),
    /// A git repository at a revision.
    Git(GitInput),
    /// Something that is downloaded while the image is built.
    Fetch(Fetch),
    /// A value of a pin that a comment names.
    Bound(Bound),
}

/// An image as it is written, after arguments are filled in. Its parts may be wrong: nobody has parsed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageInput {
    /// Without tag and digest: `rust`, `ghcr.io/acme/app`.
    pub repository: String,
    /// What follows the colon.
    pub tag: Option<Spelled>,
    /// What follows the `@`, or a sibling key's value.
    pub digest: Option<String>,
    /// Where the digest stands or would stand; `None` where this form has no room for one.
    pub digest_site: Option<Site>,
}

/// Where something can be written: `prefix` and the value replace the bytes of `span`. Taking it back empties the
/// span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What stands there now, the prefix included; empty where nothing does.
    pub span: Range<usize>,
    /// What comes before the value.
    pub prefix: &'static str,
}

/// A git repository as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitInput {
    /// As the builder would fetch it: `https://github.com/actions/checkout`.
    pub url: String,
    /// The tag or branch: what is written, or what the comment behind a commit says.
    pub revision: Option<Spelled>,
    /// The commit, where one is written at its full length.
    pub commit: Option<String>,
    /// Where the revision or commit stands, and where a comment with the tag stands or would stand; `None` where
    /// there is no room for both.
    pub site: Option<GitSite>,
}

/// `@COMMIT # TAG`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSite {
    /// The commit, or the tag where no commit is written.
    pub revision: Range<usize>,
    /// ` # TAG`
    pub comment: Site,
}

/// Something that is downloaded while the image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What does it, for people: `curl`, `apt-get install`, `ADD`.
    pub tool: &'static str,
    /// What it names, as far as the text tells: a URL, packages.
    pub what: String,
    /// What makes sure that it gets the same bytes each time: a checksum, a lock file; `None` where nothing does.
    pub locked_by: Option<&'static str>,
    /// The checksum itself, as `sha256:…`, where it is an `ADD` that has it in full.
    pub checksum: Option<String>,
    /// Where it is an installation of Debian's packages, what the text tells of it.
    pub packages: Option<Box<Packages>>,
}

/// What an installation of Debian's packages says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// The names of the packages that it asks for, in order, each once.
    pub names: Vec<String>,
    /// What is asked for besides and the text does not tell: a variable, a pattern, words from a pipe.
    pub untold: Option<String>,
    /// The build argument whose digests the suites are held against before anything is installed:
    /// `PIN_<NAME>_INRELEASE`.
    pub checked: Option<String>,
    /// What the build gives that argument, where a file says it.
    pub given: Option<String>,
}

/// A value of a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The pin's name as written.
    pub pin: String,
    /// What follows the name: `version`, `sha256.amd64`, `commit`, `tag`, `digest`.
    pub field: String,
    /// The value on the line below; `None` where there is none.
    pub value: Option<Spelled>,
}

/// Text that is put together from pieces of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// The text.
    pub text: String,
    /// Its pieces in order; their lengths add up to the text's.
    pub pieces: Vec<Piece>,
}

/// One piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// In bytes of the text.
    pub length: usize,
    /// The bytes that spell it, to the letter; `None` where the file spells it in another way (an escape, a
    /// substitution), so that it cannot be rewritten.
    pub span: Option<Range<usize>>,
    /// Whether it is the value of an argument or variable, which other references may use too.
    pub shared: bool,
}

/// Why a file alone does not tell what a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// A build argument or variable without a value in this file.
    Argument {
        /// Its name.
        name: String,
        /// Whether the reference is this argument and nothing else.
        alone: bool,
    },
    /// A build argument without a value in this file, and what it names must have the SHA-256 of another one:
    /// `ADD --checksum=sha256:${B} ${A}`.
    Checked {
        /// The argument that says what is fetched.
        name: String,
        /// The argument that says what its checksum is.
        checksum: String,
    },
    /// It is filled in when it is used: this template, expression or variable.
    Template(String),
    /// The builder does not expand this variable here.
    NotExpanded(String),
    /// What it names depends on who uses this, for this reason: `ONBUILD`, a chart's `appVersion`, a version range.
    Elsewhere(String),
    /// The builder refuses it, for this reason.
    Malformed(String),
}

impl Spelled {
    /// Text that stands in the file as it is.
    pub fn literal(text: impl Into<String>, span: Range<usize>) -> Self {
        let text = text.into();
        let pieces = match text.len() {
            0 => Vec::new(),
            length => vec![Piece { length, span: Some(span), shared: false }],
        };
        Self { text, pieces }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::From => "FROM",
            Self::CopyFrom => "COPY --from",
            Self::MountFrom => "RUN --mount",
            Self::Syntax => "# syntax",
            Self::Add => "ADD",
            Self::Run => "RUN",
            Self::ComposeService => "compose image",
            Self::ComposeContext => "compose context",
            Self::Kubernetes => "kubernetes image",
            Self::Kustomize => "kustomize image",
            Self::HelmValues => "helm values",
            Self::HelmTemplate => "helm template",
            Self::HelmDependency => "helm dependency",
            Self::Bake => "bake context",
            Self::ActionsUses => "uses",
            Self::ActionsImage => "workflow image",
            Self::GitlabImage => "gitlab image",
            Self::Comment => "comment",
        })
    }
}
