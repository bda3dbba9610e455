use super::super::status::Ended;
use super::*;
use crate::domain::metrics::Metrics;

fn attempt(number: u32) -> AttemptId {
    format!("resnet-k3f9q2-{number}-1").parse().unwrap()
}

fn running(number: u32) -> Seen {
    Seen {
        attempt: attempt(number),
        created_at: Timestamp::UNIX_EPOCH,
        taken_up: true,
        progress: None,
        held: None,
        shutdown: None,
        terminate_at: None,
        end: None,
    }
}

fn ended(number: u32) -> Seen {
    let end = AttemptEnd::Succeeded { metrics: Metrics::default() };
    Seen { end: Some(Ended { at: now(), end }), ..running(number) }
}

fn now() -> Timestamp {
    Timestamp::from_second(1000).unwrap()
}

/// The news in short, by the number of the trial.
fn told(observations: Vec<Observation>) -> Vec<(u32, String)> {
    let one = |observation| match observation {
        Observation::Attempt { attempt, news, .. } => (
            attempt.trial,
            match news {
                AttemptNews::Started => "started".to_owned(),
                AttemptNews::Progress { done, total } => format!("{done}/{total}"),
                AttemptNews::Held { why } => format!("held: {}", why.unwrap_or_default()),
                AttemptNews::Ended { end: AttemptEnd::Succeeded { .. } } => "succeeded".to_owned(),
                AttemptNews::Ended { end: AttemptEnd::Lost { .. } } => "lost".to_owned(),
                other => format!("{other:?}"),
            },
        ),
        other => panic!("not of an attempt: {other:?}"),
    };
    let mut told: Vec<_> = observations.into_iter().map(one).collect();
    told.sort();
    told
}

fn list(index: &mut Index, all: Vec<Seen>) -> Vec<(u32, String)> {
    index.begin_listing();
    let mut news: Vec<Observation> = all.into_iter().flat_map(|seen| index.listed(seen, now())).collect();
    news.extend(index.end_listing(now()));
    told(news)
}

#[test]
fn each_change_is_told_once() {
    let mut index = Index::default();
    index.begin_listing();
    assert_eq!(told(index.end_listing(now())), []);
    index.launched(&attempt(0));
    assert_eq!(told(index.applied(running(0), now())), [(0, "started".into())]);
    assert_eq!(told(index.applied(running(0), now())), []);
    let half = Seen { progress: Some((1, 2)), held: Some("no node".into()), ..running(0) };
    assert_eq!(told(index.applied(half.clone(), now())), [(0, "1/2".into()), (0, "held: no node".into())]);
    assert_eq!(told(index.applied(half, now())), []);
    let freed = Seen { progress: Some((1, 2)), ..running(0) };
    assert_eq!(told(index.applied(freed, now())), [(0, "held: ".into())]);
    assert_eq!(told(index.applied(ended(0), now())), [(0, "succeeded".into())]);
    assert_eq!(told(index.applied(ended(0), now())), []);
}

#[test]
fn what_a_new_list_does_not_have_is_lost() {
    let mut index = Index::default();
    for number in 0..3 {
        index.expected(&attempt(number));
    }
    let news = list(&mut index, vec![running(1), ended(2)]);
    assert_eq!(news, [(0, "lost".into()), (1, "started".into()), (2, "started".into()), (2, "succeeded".into())]);
    assert_eq!(list(&mut index, vec![]), [(1, "lost".into())], "one that had ended was told before");
    assert_eq!(list(&mut index, vec![]), []);
}

#[test]
fn what_is_launched_while_a_list_is_made_need_not_be_in_it() {
    let mut index = Index::default();
    index.begin_listing();
    index.launched(&attempt(0));
    assert_eq!(told(index.end_listing(now())), []);
    assert_eq!(list(&mut index, vec![]), [(0, "lost".into())], "but in the next one");
}

#[test]
fn a_list_that_breaks_off_makes_nothing_lost() {
    let mut index = Index::default();
    list(&mut index, vec![running(0), running(1)]);
    index.begin_listing();
    index.listed(running(0), now());
    assert_eq!(list(&mut index, vec![running(0), running(1)]), [(0, "started".into()), (1, "started".into())]);
}

#[test]
fn ends_are_told_at_every_list_until_they_are_forgotten() {
    let mut index = Index::default();
    for _ in 0..2 {
        assert_eq!(list(&mut index, vec![ended(0)]), [(0, "started".into()), (0, "succeeded".into())]);
    }
    index.forget(&attempt(0));
    assert_eq!(list(&mut index, vec![]), []);
}

#[test]
fn a_deleted_workflow_is_lost_unless_it_had_ended() {
    let mut index = Index::default();
    list(&mut index, vec![running(0), running(1), ended(2)]);
    assert_eq!(told(index.deleted(running(0), now())), [(0, "lost".into())]);
    assert_eq!(told(index.deleted(ended(1), now())), [(1, "succeeded".into())], "its last state has the result");
    assert_eq!(told(index.deleted(ended(2), now())), []);
    index.forget(&attempt(2));
    assert_eq!(told(index.deleted(ended(2), now())), [], "marked as recorded, it is not watched any longer");
}

#[test]
fn a_workflow_whose_grace_is_over_is_named_once() {
    let mut index = Index::default();
    let at = now();
    let stopping = |shutdown| Seen { shutdown: Some(shutdown), terminate_at: Some(at), ..running(0) };
    list(&mut index, vec![stopping(Shutdown::Stop), running(1)]);
    assert_eq!(index.take_overdue(Timestamp::from_second(999).unwrap()), []);
    assert_eq!(index.take_overdue(at), [attempt(0)]);
    assert_eq!(index.take_overdue(at), []);
    index.applied(stopping(Shutdown::Terminate), at);
    assert_eq!(index.take_overdue(at), [], "it is being terminated");
}

#[test]
fn a_workflow_counts_as_ours_once_it_was_launched_or_seen_here() {
    let mut index = Index::default();
    index.expected(&attempt(0));
    assert!(!index.is_ours(&attempt(0)) && !index.forget(&attempt(0)), "it may be another tunebot's");
    index.expected(&attempt(0));
    list(&mut index, vec![running(0)]);
    index.launched(&attempt(1));
    assert!(index.is_ours(&attempt(0)) && index.is_ours(&attempt(1)) && index.forget(&attempt(1)));
}
