//! The jobs that keep a repository as it was adopted: the gate for every change, and proposals on a schedule.

/// Where jobs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub's workflows.
    Github,
    /// GitLab's pipelines.
    Gitlab,
}

/// A file that runs the jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Where it belongs.
    pub path: &'static str,
    /// Its text.
    pub text: String,
    /// What a person has to add elsewhere.
    pub note: Option<&'static str>,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The jobs for a forge; `has_pipeline` where GitLab's own file is there already.
pub fn job(forge: Forge, has_pipeline: bool) -> Job {
    let replaced = |text: &str| text.replace("@VERSION@", VERSION);
    match forge {
        Forge::Github => Job { path: ".github/workflows/solera-pin.yml", text: replaced(GITHUB), note: None },
        Forge::Gitlab if has_pipeline => Job {
            path: ".gitlab/solera-pin.gitlab-ci.yml",
            text: replaced(GITLAB),
            note: Some("add to .gitlab-ci.yml: include: { local: .gitlab/solera-pin.gitlab-ci.yml }"),
        },
        Forge::Gitlab => Job { path: ".gitlab-ci.yml", text: replaced(GITLAB), note: None },
    }
}

const GITHUB: &str = "\
name: solera-pin

on:
  pull_request:
  schedule:
    - cron: \"0 6 * * 1-5\"
  workflow_dispatch:

permissions: {}

jobs:
  verify:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: solera-pin/solera-pin@v@VERSION@
        with:
          base: ${{ github.event.pull_request.base.sha }}
          args: verify --format github

  propose:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    permissions:
      contents: write
      pull-requests: write
    concurrency:
      group: solera-pin-propose
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: solera-pin/solera-pin@v@VERSION@
        with:
          args: refresh --propose
        env:
          GITHUB_TOKEN: ${{ github.token }}
";

const GITLAB: &str = "\
.solera-pin:
  image: rust:1.95
  variables:
    GIT_DEPTH: \"0\"
  before_script:
    - cargo install --locked --git https://github.com/solera-pin/solera-pin --tag v@VERSION@ solera-pin

solera-pin-verify:
  extends: .solera-pin
  rules:
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
  script:
    - solera-pin verify --base \"$CI_MERGE_REQUEST_DIFF_BASE_SHA\"

# For a scheduled pipeline; SOLERA_PIN_TOKEN is a project access token with api and write_repository.
solera-pin-propose:
  extends: .solera-pin
  rules:
    - if: $CI_PIPELINE_SOURCE == \"schedule\"
  variables:
    GITLAB_TOKEN: $SOLERA_PIN_TOKEN
  script:
    - solera-pin refresh --propose
";
