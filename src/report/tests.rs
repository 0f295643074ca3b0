//! What machines are told of findings.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::catalog::Level;
use crate::document::SourceFile;

fn finding(file: &Arc<SourceFile>, marked: &str) -> Finding {
    let start = file.text.find(marked).unwrap();
    let place = Place { file: Arc::clone(file), span: start..start + marked.len() };
    let (message, help) = ("it is wrong".into(), "do right".into());
    Finding { rule: "not-pinned", level: Level::Error, place, message, help, subject: String::new() }
}

fn results(findings: &[Finding]) -> Vec<Value> {
    let log: Value = serde_json::from_str(&sarif(findings)).unwrap();
    log["runs"][0]["results"].as_array().unwrap().clone()
}

#[test]
fn a_workflow_command_is_one_line_whatever_it_says() {
    let file = SourceFile::new("a,b:c%/Dockerfile", "# ä\nFROM ä:1\n");
    let said = Finding { message: "100%\r\n::error::x \u{1b}[2J".into(), ..finding(&file, "ä:1") };
    assert_eq!(
        github(&[said]),
        "::error file=a%2Cb%3Ac%25/Dockerfile,line=2,endLine=2,col=6,endColumn=9,title=not-pinned::100%25%0A::error::x \
         \\u{1b}[2J%0Ado right\n"
    );
}

#[test]
fn columns_are_of_one_line() {
    let file = SourceFile::new("Dockerfile", "FROM a \\\n  AS b\nRUN x\n");
    let over_two = finding(&file, "FROM a \\\n  AS b\n");
    assert!(github(&[over_two]).starts_with("::error file=Dockerfile,line=1,endLine=2,title=not-pinned::"));
    let warning = Finding { level: Level::Warning, ..finding(&file, "RUN") };
    assert!(github(&[warning]).starts_with("::warning file=Dockerfile,line=3,endLine=3,col=1,endColumn=4,"));
}

#[test]
fn what_has_no_place_is_at_the_start_of_its_file() {
    let absent = SourceFile::new("pins.lock", "");
    let nowhere = Finding { place: Place::whole(&absent), ..finding(&absent, "") };
    assert!(
        github(std::slice::from_ref(&nowhere)).contains("file=pins.lock,line=1,endLine=1,col=1,endColumn=1,")
    );
    let region = &results(&[nowhere])[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["endColumn"], &region["byteLength"]),
        (&1.into(), &1.into(), &0.into())
    );
}

#[test]
fn the_order_is_that_of_files_and_places() {
    let (a, b) = (SourceFile::new("a", "x y\n"), SourceFile::new("b", "x\n"));
    let in_order = [finding(&a, "x"), finding(&a, "y"), finding(&b, "x")];
    let mut other = in_order.clone();
    other.reverse();
    assert_eq!(github(&other), github(&in_order));
    assert_eq!(sarif(&other), sarif(&in_order));
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let file = SourceFile::new("dir one/ä:1#2", "# 𝄞\nFROM 𝄞ä:1 AS b\n");
    let result = &results(&[finding(&file, "𝄞ä:1")])[0];
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "dir%20one/%C3%A4%3A1%232");
    let region = &location["region"];
    let at = ["startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"]
        .map(|key| region[key].as_u64().unwrap());
    assert_eq!(at, [2, 6, 2, 10, 12, 8]);
    assert_eq!(result["message"]["text"], "it is wrong\ndo right");
}

#[test]
fn a_fingerprint_stays_where_lines_come_and_go() {
    let prints = |text: &str, path: &str| -> Vec<String> {
        let file = SourceFile::new(path, text);
        let places = file.text.match_indices("FROM").map(|(start, _)| start..start + 4);
        let at = |span| Finding { place: Place { file: Arc::clone(&file), span }, ..finding(&file, "FROM") };
        let all: Vec<Finding> = places.map(at).collect();
        let print =
            |result: &Value| result["partialFingerprints"]["ruleAndLine/v1"].as_str().unwrap().to_owned();
        results(&all).iter().map(print).collect()
    };
    let once = prints("FROM a\nFROM a\nFROM b\n", "x");
    assert_eq!(once, prints("# new\n  FROM a\nRUN y\nFROM a  \nFROM b\n", "x"));
    assert!(once[0] != once[1] && once[1] != once[2], "{once:?}");
    assert!(once[0].ends_with(":1") && once[1].ends_with(":2") && once[2].ends_with(":1"), "{once:?}");
    assert_ne!(once, prints("FROM a\nFROM a\nFROM b\n", "y"));
}

#[test]
fn every_rule_is_described_once_and_results_point_at_theirs() {
    let file = SourceFile::new("a", "x\n");
    let upstream = Finding { rule: "upstream-frozen", level: Level::Warning, ..finding(&file, "x") };
    let log: Value = serde_json::from_str(&sarif(&[upstream])).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert_eq!(ids.len(), crate::verify::RULES.len() + crate::served::RULES.len());
    let result = &log["runs"][0]["results"][0];
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!((&rule["id"], &rule["defaultConfiguration"]["level"]), (&result["ruleId"], &result["level"]));
}

#[test]
fn a_run_that_could_not_ask_did_not_succeed() {
    let not_asked = NotAsked { name: "a".parse().unwrap(), reason: "it\u{1b} is down".into() };
    let log: Value = serde_json::from_str(&sarif_of_part(&[], &[not_asked])).unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let text = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert_eq!(text, "the pin `a` could not be checked: it\\u{1b} is down");
}

#[test]
fn an_explanation_says_how_much_it_leaves_out() {
    use crate::catalog::{Files, parse};
    use crate::plan::{Candidate, Decision, Outcome, Verdict};
    let text = "[pin.x]\nimage = \"x\"\ntrack = \"{version}\"\n";
    let files = Files { pins: Some(SourceFile::new("pins.toml", text)), ..Files::default() };
    let catalog = parse(&files).unwrap();
    let declaration = catalog.declarations.values().next().unwrap();
    let version = declaration.track.read("1.2.3").unwrap();
    let candidate = Candidate { tag: "1.2.3".into(), version, lane: None, verdict: Verdict::Eligible };
    let kept = Decision::unasked(Outcome::Keep { note: None });
    for (not_listed, says) in [
        (0, "1 candidate; 0 tags have another shape\n"),
        (1, "1 candidate and 1 older one, not listed; 0 tags have another shape\n"),
        (998_000, "1 candidate and 998000 older ones, not listed; 0 tags have another shape\n"),
    ] {
        let decision = Decision { candidates: vec![candidate.clone()], not_listed, ..kept.clone() };
        let explained = human::explanation(declaration, None, &decision);
        assert!(explained.ends_with(says), "{explained}");
        assert_eq!(json::decision(&decision)["not_listed"], not_listed);
    }
}
