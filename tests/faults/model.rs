//! A server that plays a schedule, and knows what it said.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use solera_pin::model::{Digest, Pin};

use super::case::Follow;
use super::guard::Guard;
use super::plan::{Fault, PinPlan};
use super::reply::Reply;
use super::upstream::{Images, On, PLATFORMS, git_capabilities, git_references};
use super::wire::{Heard, Script};

/// What a server has, and what it knows that it said.
pub struct Upstream {
    pub plan: PinPlan,
    images: Images,
    tags: Vec<(String, String)>,
    began: (Images, Vec<(String, String)>),
    counts: BTreeMap<String, usize>,
    pub requests: usize,
    pub played: Vec<Fault>,
    /// Digests of what was sent whole.
    sent: BTreeSet<String>,
    /// The newest tags of lists that were sent whole.
    newest: BTreeSet<String>,
    /// What the tag that is followed was said to name, by HEAD or GET.
    named: BTreeSet<String>,
    /// Whether it said of a tag that it is not there: an older one is right as well then.
    denied: bool,
}

impl Upstream {
    pub fn new(plan: PinPlan) -> Self {
        let mut images = Images::default();
        images.publish("1.0", "one");
        images.publish("stable", "one");
        let tags = vec![("v1.0".to_owned(), commit(0))];
        let began = (images.clone(), tags.clone());
        Self {
            plan,
            images,
            tags,
            began,
            counts: BTreeMap::new(),
            requests: 0,
            played: Vec::new(),
            sent: BTreeSet::new(),
            newest: BTreeSet::new(),
            named: BTreeSet::new(),
            denied: false,
        }
    }

    /// What is due after so many requests.
    fn go_on(&mut self) {
        let due: Vec<bool> = self
            .plan
            .moves
            .iter()
            .filter(|(after, _)| *after == self.requests)
            .map(|(_, new)| *new)
            .collect();
        for new_tag in due {
            let number = self.images.ever.len();
            let build = format!("build {number}");
            let newest = self.images.newest().to_owned();
            let tag = if new_tag { format!("1.{number}") } else { newest };
            self.images.publish(&tag, &build);
            self.images.publish("stable", &build);
            self.tags.push((format!("v1.{}", self.tags.len()), commit(self.tags.len())));
        }
    }

    pub fn answer(&mut self, heard: &Heard, guard: &mut Guard) -> Script {
        self.go_on();
        self.requests += 1;
        let at = On::of(heard);
        let stale = answer(&self.began.0, &self.began.1, heard);
        let honest = guard.answer(heard, answer(&self.images, &self.tags, heard));
        if honest.status == 401 {
            return honest.into();
        }
        let count = self.counts.entry(format!("{at:?}")).or_default();
        let now = *count;
        *count += 1;
        let planned =
            self.plan.faults.iter().find(|planned| {
                planned.at == at && (planned.skip..planned.skip + planned.times).contains(&now)
            });
        let Some(fault) = planned.map(|planned| planned.fault) else {
            self.note(at, &honest);
            return honest.into();
        };
        self.played.push(fault);
        match fault {
            Fault::Stale if stale.status == 404 => self.denied = true,
            Fault::Stale => self.note(at, &stale),
            Fault::NoDigest | Fault::WrongDigest => self.note(at, &honest),
            // A HEAD has said all before its body, and a list with a space more is a list.
            Fault::ResetAfter(_) | Fault::ClosedAfter(_) if at == On::Head => self.note(at, &honest),
            Fault::Forged if matches!(at, On::Head | On::List) => self.note(at, &honest),
            _ => {}
        }
        fault.script(honest, stale, heard)
    }

    /// Remembers what is sent whole.
    fn note(&mut self, at: On, reply: &Reply) {
        let digest = Digest::sha256(&reply.body).to_string();
        match at {
            On::List => {
                let page: Value = serde_json::from_slice(&reply.body).unwrap();
                let tags = page["tags"].as_array().unwrap().iter().filter_map(Value::as_str);
                self.newest.extend(tags.max_by_key(|tag| number(tag)).map(str::to_owned));
            }
            On::Head => {
                self.named.insert(digest);
            }
            On::Manifest => {
                self.named.insert(digest.clone());
                self.sent.insert(digest);
            }
            On::Digest => {
                self.sent.insert(digest);
            }
            On::Command => {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                let newest =
                    self.tags.iter().rev().find(|(tag, _)| text.contains(&format!("refs/tags/{tag}\n")));
                self.newest.extend(newest.map(|(tag, _)| tag.clone()));
            }
            _ => {}
        }
    }

    pub fn table(&self, name: &str, host: &str) -> String {
        match self.plan.follow {
            Follow::Tag => self.images.locked(name, host, "stable"),
            Follow::Versions => self.images.locked(name, host, "1.0"),
            Follow::Git => {
                let (tag, commit) = &self.tags[0];
                format!(
                    "[pin.{name}]\ngit = \"http://{host}/app.git\"\ntag = \"{tag}\"\ncommit = \"{commit}\"\n"
                )
            }
        }
    }

    pub fn declared(&self, name: &str, host: &str) -> String {
        let platforms = format!("platforms = {PLATFORMS:?}");
        match self.plan.follow {
            Follow::Tag => {
                format!("[pin.{name}]\nimage = \"{host}/app\"\ntrack = \"stable\"\n{platforms}\n")
            }
            Follow::Versions => {
                format!(
                    "[pin.{name}]\nimage = \"{host}/app\"\ntrack = \"{{major}}.{{minor}}\"\n{platforms}\n"
                )
            }
            Follow::Git => {
                format!("[pin.{name}]\ngit = \"http://{host}/app.git\"\ntrack = \"v{{major}}.{{minor}}\"\n")
            }
        }
    }

    /// Whether this is what the server gave out, in full, under that tag.
    pub fn gave(&self, pin: &Pin) -> bool {
        match pin {
            Pin::Image(pin) => {
                let digest = pin.digest.to_string();
                let named = |(tag, ever): &(String, Digest)| *tag == pin.tag.as_str() && *ever == pin.digest;
                self.sent.contains(&digest)
                    && self.images.ever.iter().any(named)
                    && pin.platforms.len() == PLATFORMS.len()
            }
            Pin::Git(pin) => {
                let tag = pin.tag.as_str();
                self.newest.contains(tag)
                    && self.tags.contains(&(tag.to_owned(), pin.commit.as_str().to_owned()))
            }
            Pin::Archive(_) | Pin::Debian(_) => false,
        }
    }

    /// Whether this is what the rules want, by what the server said.
    pub fn wants(&self, pin: &Pin) -> bool {
        match (self.plan.follow, pin) {
            (Follow::Tag, Pin::Image(pin)) => self.named.contains(&pin.digest.to_string()),
            _ => self.denied || self.newest.contains(pin.tag()),
        }
    }
}

fn answer(images: &Images, tags: &[(String, String)], heard: &Heard) -> Reply {
    let tags: Vec<(&str, &str)> = tags.iter().map(|(tag, commit)| (tag.as_str(), commit.as_str())).collect();
    match On::of(heard) {
        On::Refs => Reply::new(200, git_capabilities())
            .and("Content-Type", "application/x-git-upload-pack-advertisement"),
        On::Command => {
            Reply::new(200, git_references(&tags)).and("Content-Type", "application/x-git-upload-pack-result")
        }
        _ => images.answer(heard),
    }
}

fn number(tag: &str) -> Option<u64> {
    tag.rsplit('.').next()?.parse().ok()
}

fn commit(number: usize) -> String {
    format!("{number:040x}")
}
