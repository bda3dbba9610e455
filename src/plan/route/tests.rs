use std::collections::BTreeSet;

use insta::assert_snapshot;
use jiff::Timestamp;

use super::*;
use crate::domain::event::{
    CheckAction, CheckVerb, Checked, Comment, EventKey, GitReference, Given, PullRequest, Push, Request, SlashCommand,
    Source, Tick,
};
use crate::domain::ids::CommitSha;
use crate::domain::sweep::{self, SweepState};
use crate::domain::tuning;

mod chat;
mod checks;
mod events;
mod fixture;
mod forks;
mod github;
mod preview;
mod quota;
mod schedule;

use fixture::*;

#[test]
fn a_greeting_and_a_delivery_for_somebody_else_end_with_a_reason() {
    assert_snapshot!(told(EventKind::Ping { zen: "Keep it simple.".into() }), @"ping: ignored: GitHub only says hello: the webhook is set up");
    assert_snapshot!(told(EventKind::NotForUs { what: "event star".into() }), @"no rule: ignored: nothing here reacts to event star");
}

#[test]
fn the_same_event_gives_the_same_sweep_and_another_salt_another() {
    let rules = rules();
    let first = decided(&event(push("main")), &rules, lookup);
    assert_eq!(first, decided(&event(push("main")), &rules, lookup));
    let mut facts = Facts::default();
    let occasion = Occasion { salt: 1, ..OCCASION };
    let salted = loop {
        match route(&event(push("main")), &rules, &facts, occasion) {
            Routing::Needs(need) => facts.add(need.clone(), lookup(&need)),
            Routing::Decided(decided) => break decided,
        }
    };
    assert_ne!(first.sweeps[0].id, salted.sweeps[0].id);
    assert_ne!(first.sweeps[0].seed, salted.sweeps[0].seed);
}

#[test]
fn a_fact_of_the_wrong_form_is_asked_for_again_and_not_believed() {
    let mut facts = Facts::default();
    let event = event(push("main"));
    let Routing::Needs(need) = route(&event, &rules(), &facts, OCCASION) else {
        panic!("the group is to be looked up")
    };
    facts.add(need.clone(), Fact::Head(None));
    assert_eq!(route(&event, &rules(), &facts, OCCASION), Routing::Needs(need));
}
