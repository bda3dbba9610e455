//! What GitHub shows.

use super::{Shown, scenes};
use crate::domain::apply::Application;
use crate::domain::approval::ForkNotice;
use crate::domain::report::{Conclusion, Report};
use crate::domain::tuning::ApplySettings;
use crate::notify::github::{fork_comment, markdown};
use crate::notify::links::Link;
use crate::notify::{Supplement, fixtures};

const SLOT: &str = "sweep/resnet";

fn context(links: &[Link]) -> markdown::Context<'_> {
    markdown::Context { links, charts: &[], supplement: Supplement::NOTHING }
}

fn better() -> Report {
    fixtures::judged(Conclusion::Success, "better by 0.58 %")
}

fn comment(when: &str, report: &Report) -> Shown {
    Shown::new(when, &markdown::comment(SLOT, report, context(&fixtures::links(report))))
}

/// A check run has a place of its own for each of its parts.
fn check(when: &str, report: &Report) -> Shown {
    let links = fixtures::links(report);
    let check = markdown::check(report, context(&links));
    let buttons: Vec<String> = check.actions.iter().map(|action| format!("`[{}]`", action.label)).collect();
    let head = format!("**{}** — {} {}", check.name, check.title, buttons.join(" "));
    Shown::new(when, &[head, check.summary, check.text].join("\n\n"))
}

fn fork(when: &str, allowed_by: Option<&str>) -> Shown {
    let allowed_by = allowed_by.map(str::to_owned);
    let notice = ForkNotice { tuning: None, sha: fixtures::sha(), allowed_by };
    Shown::new(when, &fork_comment("fork/42", &notice))
}

pub(super) fn pull_request() -> Vec<Shown> {
    let running = scenes::on_pull_request(fixtures::running());
    vec![
        comment("The one comment of a tuning, which is edited as its sweep goes on:", &running),
        comment("The same when the sweep has finished:", &better()),
        Shown::new("Whoever asked by a comment is called:", &markdown::closing(SLOT, &better(), Some("mika"))),
        check("The check run beside the merge button:", &better()),
        comment("Too many trials failed:", &scenes::on_pull_request(fixtures::failed())),
        fork("A fork's pull request waits:", None),
        fork("… until somebody with write permission has looked at its commit:", Some("noor")),
    ]
}

pub(super) fn proposal() -> Vec<Shown> {
    let settings = ApplySettings {
        file: "configs/resnet.yaml".to_owned(),
        key: "optimizer".parse().unwrap(),
        keys: [].into(),
        base: None,
        branch: "tunebot/resnet".to_owned(),
        labels: Vec::new(),
        reviewers: Vec::new(),
    };
    let application = Application {
        slot: "applied/1".to_owned(),
        repository: "acme/vision".parse().unwrap(),
        base: "main".to_owned(),
        settings,
        report: fixtures::finished(),
        asked_by: "@mika".to_owned(),
        answers_to: None,
    };
    let row = |parameter: &str, from: &str, to: &str| markdown::Row {
        parameter: parameter.to_owned(),
        key: format!("optimizer.{parameter}"),
        from: Some(from.to_owned()),
        to: to.to_owned(),
    };
    let rows = [row("lr", "0.001", "3.123456789e-4"), row("weight_decay", "0.01", "0.021")];
    let text = markdown::proposal(&application, &rows, &fixtures::links(&application.report));
    vec![Shown::new(&format!("**{}**", markdown::proposal_title(&application)), &text)]
}
