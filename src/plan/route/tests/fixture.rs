//! Rules of a small team, events as GitHub and Slack send them, and a world in which everything is found.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::domain::access::RepositoryPermission;
use crate::domain::effect::Content;
use crate::domain::rules::{CodeDefault, Globs, MissedRuns, OnNewer, Overlap, Schedule, Trigger, TriggerSource};

pub(super) const OCCASION: Occasion =
    Occasion { event: EventId(7), now: Timestamp::constant(1_780_000_000, 0), salt: 0 };

pub(super) fn globs(patterns: &[&str]) -> Globs {
    Globs::new(patterns).unwrap()
}

pub(super) fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

pub(super) fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

pub(super) fn trigger(name: &str, on: TriggerSource) -> Trigger {
    Trigger {
        name: name.parse().unwrap(),
        on,
        repositories: globs(&["acme/vision"]),
        paths: Globs::default(),
        ignore_paths: Globs::default(),
        authors: Globs::default(),
        ignore_authors: Globs::default(),
        expression: None,
        tuning: "resnet".parse().unwrap(),
        overrides: Vec::new(),
        on_newer: OnNewer::Queue,
        channel: None,
    }
}

pub(super) fn on_push(branches: &[&str]) -> Trigger {
    trigger("on-push", TriggerSource::Push { branches: globs(branches), tags: Globs::default() })
}

pub(super) fn on_pull_request(change: impl FnOnce(&mut PullRequestFilter)) -> Trigger {
    let mut filter = PullRequestFilter { actions: words(&["opened", "synchronize"]), ..PullRequestFilter::default() };
    change(&mut filter);
    let PullRequestFilter { branches, actions, labels, ignore_labels, drafts, forks } = filter;
    let on = TriggerSource::PullRequest { branches, actions, labels, ignore_labels, drafts, forks };
    Trigger { on_newer: OnNewer::Cancel, ..trigger("on-pull-request", on) }
}

#[derive(Default)]
pub(super) struct PullRequestFilter {
    pub branches: Globs,
    pub actions: BTreeSet<String>,
    pub labels: BTreeSet<String>,
    pub ignore_labels: BTreeSet<String>,
    pub drafts: bool,
    pub forks: bool,
}

pub(super) fn schedule() -> Schedule {
    Schedule {
        name: "nightly".parse().unwrap(),
        cron: "30 2 * * *".into(),
        time_zone: "Europe/Berlin".into(),
        tuning: "resnet".parse().unwrap(),
        overrides: vec!["trials=5".into()],
        missed: MissedRuns::Last,
        overlap: Overlap::Skip,
        jitter: SignedDuration::ZERO,
        skip_unchanged: false,
        channel: Some("C9".into()),
        paused: false,
    }
}

/// `resnet` of acme/vision, and `wine`, which has no code.
pub(super) fn rules() -> Rules {
    let resnet = tuning::fixture();
    let mut wine = tuning::fixture();
    wine.name = "wine".parse().unwrap();
    let code = CodeDefault { repository: "acme/vision".parse().unwrap(), branch: "main".into() };
    Rules {
        default_code: BTreeMap::from([(resnet.name.clone(), code)]),
        tunings: [resnet, wine].into_iter().map(|tuning| (tuning.name.clone(), Arc::new(tuning))).collect(),
        triggers: vec![on_push(&["main", "release/*"]), on_pull_request(|_| {})],
        schedules: vec![schedule()],
        ..Rules::default()
    }
}

pub(super) fn rules_with(trigger: Trigger) -> Rules {
    Rules { triggers: vec![trigger], ..rules() }
}

pub(super) fn event(kind: EventKind) -> Event {
    let source = match &kind {
        EventKind::SlashCommand(_) => Source::Slack,
        EventKind::Tick(_) => Source::Schedule,
        EventKind::Request(_) => Source::Api,
        _ => Source::Github,
    };
    Event { key: EventKey { source, delivery: "72d3162e".into() }, received_at: OCCASION.now, kind }
}

pub(super) fn push(branch: &str) -> EventKind {
    EventKind::Push(push_of(branch, |_| {}))
}

pub(super) fn push_of(branch: &str, change: impl FnOnce(&mut Push)) -> Push {
    let mut push = Push {
        repository: "acme/vision".parse().unwrap(),
        default_branch: "main".into(),
        reference: GitReference::Branch(branch.into()),
        head: Some(sha('a')),
        changed_paths: words(&["src/train.py", "README.md"]),
        paths_truncated: false,
        sender: "mika".into(),
        title: "Bigger batches".into(),
    };
    change(&mut push);
    push
}

pub(super) fn pull_request(change: impl FnOnce(&mut PullRequest)) -> EventKind {
    let mut pull_request = PullRequest {
        repository: "acme/vision".parse().unwrap(),
        number: 12,
        action: "opened".into(),
        title: "Try cosine schedule".into(),
        author: "ana".into(),
        sender: "mika".into(),
        head: sha('c'),
        head_branch: "cosine".into(),
        base_branch: "main".into(),
        from_fork: false,
        draft: false,
        labels: words(&["ml"]),
        label: None,
        updated_at: None,
    };
    change(&mut pull_request);
    EventKind::PullRequest(pull_request)
}

pub(super) fn comment(body: &str) -> EventKind {
    comment_of(body, |_| {})
}

pub(super) fn comment_of(body: &str, change: impl FnOnce(&mut Comment)) -> EventKind {
    let mut comment = Comment {
        repository: "acme/vision".parse().unwrap(),
        pull_request: 12,
        comment: 99,
        action: "created".into(),
        author: "ana".into(),
        by_bot: false,
        body: body.into(),
        created_at: None,
    };
    change(&mut comment);
    EventKind::Comment(comment)
}

pub(super) fn slash(text: &str) -> EventKind {
    EventKind::SlashCommand(SlashCommand {
        team: "T1".into(),
        channel: "C1".into(),
        user: "U1".into(),
        user_name: "mika".into(),
        text: text.into(),
        thread: None,
        given: Given::Slash,
    })
}

/// The same command in a message that mentions the app, in a thread.
pub(super) fn in_thread(text: &str) -> EventKind {
    match slash(text) {
        EventKind::SlashCommand(command) => EventKind::SlashCommand(SlashCommand {
            thread: Some("1780000000.000100".into()),
            given: Given::Mention,
            ..command
        }),
        other => other,
    }
}

pub(super) fn request(command: &str) -> EventKind {
    EventKind::Request(Request { caller: "ci".into(), command: command.into() })
}

pub(super) fn tick(schedule: &str) -> EventKind {
    EventKind::Tick(Tick {
        schedule: schedule.parse().unwrap(),
        slot: Timestamp::constant(1_779_990_000, 0),
        late: false,
    })
}

/// A world in which everything is there and nothing is running.
pub(super) fn lookup(need: &Need) -> Fact {
    match need {
        Need::PullRequest { .. } => Fact::PullRequest(Some(PullRequestHead {
            sha: sha('c'),
            branch: "cosine".into(),
            base_branch: "main".into(),
            from_fork: false,
            open: true,
            draft: false,
            labels: words(&["ml"]),
            title: "Try cosine schedule".into(),
            author: "ana".into(),
            updated_at: Some(OCCASION.now),
        })),
        Need::ChangedPaths { .. } => {
            Fact::ChangedPaths(ChangedPaths { paths: words(&["src/train.py"]), truncated: false })
        }
        Need::Head { .. } => Fact::Head(Some(sha('d'))),
        Need::Sweep(id) => Fact::Sweep(Some(Box::new(sweep_called(id)))),
        Need::Approval { .. } => Fact::Approval(None),
        Need::SeenHeads { .. } => Fact::SeenHeads(Vec::new()),
        Need::Permission { .. } => Fact::Permission(RepositoryPermission::Write),
        Need::GithubTeam { .. } | Need::SlackGroup { .. } => Fact::Member(true),
        Need::LastOfTrigger(_) => Fact::Last(None),
        Need::RepositoryRules { .. } => Fact::RepositoryRules(Ok(None)),
        Need::Finding { .. } => Fact::Finding(crate::domain::repository_rules::Finding::Gone),
        Need::LastOfCommit { .. } => Fact::LastOfEach(Vec::new()),
        Need::ActiveInGroup(_) | Need::ActiveForPullRequest { .. } => Fact::Active(Vec::new()),
        Need::LastScheduled(_) => Fact::Head(None),
        Need::Baseline { .. } => Fact::Baseline(None),
        Need::Preview(_) => Fact::Preview(None),
        Need::Usage(_) => Fact::Usage(Default::default()),
        Need::Earlier(_) => Fact::Earlier(Vec::new()),
        Need::Unfinished | Need::Finished(_) => Fact::Reports(Vec::new()),
        Need::Report(id) => Fact::Reports(vec![crate::plan::summary::first_report(&sweep_called(id), OCCASION.now)]),
        Need::LastBest(_) => Fact::Reports(Vec::new()),
    }
}

pub(super) fn sweep_called(id: &crate::domain::ids::SweepId) -> Sweep {
    let mut sweep = sweep::fixture(tuning::fixture());
    sweep.id = id.clone();
    sweep.overrides = vec!["x=0.5".into()];
    sweep
}

/// The same world, with one sweep running wherever one is looked for.
pub(super) fn busy(need: &Need) -> Fact {
    match need {
        Need::ActiveInGroup(_) | Need::ActiveForPullRequest { .. } => {
            Fact::Active(vec!["resnet-k3f9q2".parse().unwrap()])
        }
        need => lookup(need),
    }
}

/// The same world, with what was pushed still at the head of its branch.
pub(super) fn pushed(world: impl Fn(&Need) -> Fact) -> impl Fn(&Need) -> Fact {
    move |need| match need {
        Need::Head { .. } => Fact::Head(Some(sha('a'))),
        need => world(need),
    }
}

/// The same world, with another pull request.
pub(super) fn pull_request_is(
    change: fn(&mut PullRequestHead),
    world: impl Fn(&Need) -> Fact,
) -> impl Fn(&Need) -> Fact {
    move |need| match world(need) {
        Fact::PullRequest(Some(mut head)) => {
            change(&mut head);
            Fact::PullRequest(Some(head))
        }
        fact => fact,
    }
}

/// The same world, in which the trigger has had a sweep for the commit that has come to this, or runs.
pub(super) fn tuned(outcome: Option<sweep::Outcome>) -> impl Fn(&Need) -> Fact {
    move |need| match need {
        Need::LastOfTrigger(_) => {
            Fact::Last(Some(LastSweep { id: "resnet-k3f9q2".parse().unwrap(), outcome: outcome.clone() }))
        }
        need => pushed(lookup)(need),
    }
}

pub(super) fn decided(event: &Event, rules: &Rules, lookup: impl Fn(&Need) -> Fact) -> Decided {
    let mut facts = Facts::default();
    for _ in 0..100 {
        match route(event, rules, &facts, OCCASION) {
            Routing::Needs(need) => facts.add(need.clone(), lookup(&need)),
            Routing::Decided(decided) => return decided,
        }
    }
    panic!("it asks for ever")
}

/// What becomes of it in the small team's rules, in words.
pub(super) fn told(kind: EventKind) -> String {
    told_by(&rules(), kind, lookup)
}

pub(super) fn told_by(rules: &Rules, kind: EventKind, lookup: impl Fn(&Need) -> Fact) -> String {
    let decided = decided(&event(kind), rules, lookup);
    let mut lines = Vec::new();
    for decision in &decided.decisions {
        let sweep = decision.sweep.as_ref().map(|sweep| format!(" [{sweep}]")).unwrap_or_default();
        lines.push(format!("{}: {}{sweep}: {}", decision.by, decision.verdict.name(), decision.reason));
    }
    lines.extend(decided.sweeps.iter().map(in_words));
    for signal in &decided.signals {
        lines.push(format!("-> signal to {}: {:?}", signal.sweep, signal.kind));
    }
    for answer in &decided.answers {
        if let crate::domain::effect::Action::Notify(notification) = &answer.action {
            let text = match &notification.content {
                crate::domain::effect::Content::Answer { text } => text.clone(),
                crate::domain::effect::Content::Fork(notice) => match &notice.allowed_by {
                    Some(by) => format!("{} is allowed by {by}", notice.sha.short()),
                    None => format!("{} waits", notice.sha.short()),
                },
                Content::Reaction { comment, reaction } => format!("{} on comment {comment}", reaction.name()),
                _ => panic!("not an answer"),
            };
            lines.push(format!("-> {} to {}: {text}", notification.slot, notification.destination.key()));
        }
    }
    lines.join("\n")
}

fn in_words(sweep: &Sweep) -> String {
    let code = sweep.code.as_ref().map(|code| {
        let sha = code.sha.as_ref().map_or("?", |sha| sha.short());
        format!("{} {}@{sha} against {}", code.repository, code.reference, code.base_branch)
    });
    let destinations: Vec<String> = sweep.destinations.iter().map(|destination| destination.key()).collect();
    format!(
        "-> sweep {} for {} of {}; group {}{}; tells {}",
        sweep.id,
        sweep.origin.asker(),
        code.as_deref().unwrap_or("no code"),
        sweep.group.as_deref().unwrap_or("none"),
        if sweep.waits_for_group { ", waits" } else { "" },
        if destinations.is_empty() { "nobody".to_owned() } else { destinations.join(", ") },
    )
}
