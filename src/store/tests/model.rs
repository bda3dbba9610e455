//! The inbox and the outbox against models that are a few lines each, over random sequences of calls.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::fixtures::{MINUTE, at, message, ping, text};
use crate::domain::effect::Lane;
use crate::domain::sweep::Service;
use crate::store::{Accepted, EffectId, EventResult, EventState, LeasedEffect, Store};

/// Seconds that a lease lasts.
const LEASE: i64 = 60;

#[derive(Debug, Clone)]
enum InboxCall {
    Accept(u8),
    Lease(u32),
    Finish(u8),
    Retry(u8, i64),
    Bury(u8),
    Wait(i64),
}

fn inbox_call() -> impl Strategy<Value = InboxCall> {
    prop_oneof![
        3 => (0..6u8).prop_map(InboxCall::Accept),
        3 => (1..4u32).prop_map(InboxCall::Lease),
        1 => (0..6u8).prop_map(InboxCall::Finish),
        1 => (0..6u8, 0..90i64).prop_map(|(event, delay)| InboxCall::Retry(event, delay)),
        1 => (0..6u8).prop_map(InboxCall::Bury),
        1 => (1..90i64).prop_map(InboxCall::Wait),
    ]
}

struct ModelEvent {
    name: u8,
    state: EventState,
    attempts: u32,
    due: i64,
}

/// Events in the order of their arrival.
#[derive(Default)]
struct Inbox(Vec<ModelEvent>);

impl Inbox {
    fn get(&mut self, name: u8) -> Option<&mut ModelEvent> {
        self.0.iter_mut().find(|event| event.name == name)
    }

    fn open(&mut self, name: u8) -> Option<&mut ModelEvent> {
        self.get(name).filter(|event| matches!(event.state, EventState::Ready | EventState::Leased))
    }

    /// `None` for a new event, else whether it is done.
    fn accept(&mut self, name: u8) -> Option<bool> {
        let Some(event) = self.get(name) else {
            self.0.push(ModelEvent { name, state: EventState::Ready, attempts: 0, due: 0 });
            return None;
        };
        if event.state == EventState::Dead {
            *event = ModelEvent { name, state: EventState::Ready, attempts: 0, due: 0 };
        }
        Some(event.state == EventState::Done)
    }

    fn lease(&mut self, now: i64, limit: u32) -> Vec<(u8, u32)> {
        let due = self
            .0
            .iter_mut()
            .filter(|event| matches!(event.state, EventState::Ready | EventState::Leased) && event.due <= now);
        due.take(limit as usize)
            .map(|event| {
                event.state = EventState::Leased;
                event.attempts += 1;
                event.due = now + LEASE;
                (event.name, event.attempts)
            })
            .collect()
    }
}

async fn check_inbox(calls: Vec<InboxCall>) -> Result<(), TestCaseError> {
    let store = Store::in_memory().await.unwrap();
    let mut model = Inbox::default();
    let mut ids = BTreeMap::new();
    let mut now = 0;
    for call in calls {
        match call {
            InboxCall::Accept(name) => {
                let accepted = store.accept(&ping(&name.to_string())).await.unwrap();
                let again = match accepted {
                    Accepted::New(_) => None,
                    Accepted::Again { done, .. } => Some(done),
                };
                prop_assert_eq!(again, model.accept(name));
                prop_assert_eq!(*ids.entry(name).or_insert(accepted.id()), accepted.id());
            }
            InboxCall::Lease(limit) => {
                let leased = store.lease_events(at(now), MINUTE, limit).await.unwrap();
                let names: Vec<(u8, u32)> =
                    leased.iter().map(|event| (event.event.key.delivery.parse().unwrap(), event.attempts)).collect();
                prop_assert_eq!(names, model.lease(now, limit));
            }
            InboxCall::Finish(name) => {
                let Some(id) = ids.get(&name) else { continue };
                store.finish_event(*id, EventResult::default()).await.unwrap();
                model.get(name).unwrap().state = EventState::Done;
            }
            InboxCall::Retry(name, delay) => {
                let Some(id) = ids.get(&name) else { continue };
                store.retry_event(*id, at(now + delay), "busy").await.unwrap();
                if let Some(event) = model.open(name) {
                    (event.state, event.due) = (EventState::Ready, now + delay);
                }
            }
            InboxCall::Bury(name) => {
                let Some(id) = ids.get(&name) else { continue };
                store.bury_event(*id, "hopeless").await.unwrap();
                if let Some(event) = model.open(name) {
                    event.state = EventState::Dead;
                }
            }
            InboxCall::Wait(seconds) => now += seconds,
        }
        for event in &model.0 {
            let record = store.event(ids[&event.name]).await.unwrap().unwrap();
            prop_assert_eq!((record.state, record.attempts), (event.state, event.attempts));
        }
    }
    Ok(())
}

#[derive(Debug, Clone)]
enum OutboxCall {
    /// Slot, seconds until due.
    Write(u8, i64),
    Lease(u32),
    /// The how-manieth of the leased ones.
    Done(usize),
    Retry(usize, i64, bool),
    Dead(usize),
    Wait(i64),
}

fn outbox_call() -> impl Strategy<Value = OutboxCall> {
    prop_oneof![
        3 => (0..3u8, 0..40i64).prop_map(|(slot, delay)| OutboxCall::Write(slot, delay)),
        3 => (1..4u32).prop_map(OutboxCall::Lease),
        2 => any::<usize>().prop_map(OutboxCall::Done),
        1 => (any::<usize>(), 0..40i64, any::<bool>()).prop_map(|(n, delay, ambiguous)| OutboxCall::Retry(n, delay, ambiguous)),
        1 => any::<usize>().prop_map(OutboxCall::Dead),
        2 => (1..90i64).prop_map(OutboxCall::Wait),
    ]
}

/// What the world has seen of one slot, and what it should see in the end.
#[derive(Debug, Default)]
struct Slot {
    wanted: String,
    seen: String,
    /// Somebody has it until then.
    leased_until: Option<i64>,
    given_up: bool,
}

/// Whatever happens: a slot is with one holder at a time, what is handed out is the newest edition, and in the end the
/// world shows what was wanted last, unless that was given up.
async fn check_outbox(calls: Vec<OutboxCall>) -> Result<(), TestCaseError> {
    let store = Store::in_memory().await.unwrap();
    let lane = Lane::Service(Service::Slack);
    let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
    let mut held: Vec<LeasedEffect> = vec![];
    let mut now = 0;
    for (edition, call) in calls.into_iter().enumerate() {
        match call {
            OutboxCall::Write(slot, delay) => {
                let (name, edition) = (format!("s{slot}"), format!("edition {edition}"));
                write(&store, &name, &edition, at(now + delay)).await;
                let slot = slots.entry(format!("notify/{name}")).or_default();
                (slot.wanted, slot.given_up) = (edition, false);
            }
            OutboxCall::Lease(limit) => {
                let leased = store.lease_effects(&lane, at(now), MINUTE, limit).await.unwrap();
                take_over(&mut held, &mut slots, leased, now)?;
            }
            OutboxCall::Done(n) => {
                let Some(leased) = pick(&mut held, n) else { continue };
                finish(&store, &mut slots, leased).await;
            }
            OutboxCall::Retry(n, delay, ambiguous) => {
                let Some(leased) = pick(&mut held, n) else { continue };
                store.effect_retry(leased.id, at(now + delay), "busy", ambiguous).await.unwrap();
                slots.get_mut(&leased.effect.action.key()).unwrap().leased_until = None;
            }
            OutboxCall::Dead(n) => {
                let Some(leased) = pick(&mut held, n) else { continue };
                store.effect_dead(leased.id, "hopeless").await.unwrap();
                let slot = slots.get_mut(&leased.effect.action.key()).unwrap();
                slot.leased_until = None;
                slot.given_up = slot.wanted == text(&leased.effect);
            }
            OutboxCall::Wait(seconds) => now += seconds,
        }
    }
    // Let everything come to its end.
    for leased in store.lease_effects(&lane, at(now + 10_000), MINUTE, 99).await.unwrap() {
        finish(&store, &mut slots, leased).await;
    }
    for (key, slot) in &slots {
        prop_assert!(slot.given_up || slot.seen == slot.wanted, "{} shows {:?}", key, slot);
    }
    prop_assert!(store.lanes().await.unwrap().is_empty());
    Ok(())
}

async fn write(store: &Store, slot: &str, edition: &str, due: Timestamp) {
    let id = store.accept(&ping(edition)).await.unwrap().id();
    let effects = vec![message(slot, edition, due)];
    store.finish_event(id, EventResult { effects, ..EventResult::default() }).await.unwrap();
}

/// The caller behind a lease that has run out is gone: it does not report any more.
fn take_over(
    held: &mut Vec<LeasedEffect>,
    slots: &mut BTreeMap<String, Slot>,
    leased: Vec<LeasedEffect>,
    now: i64,
) -> Result<(), TestCaseError> {
    for effect in leased {
        let slot = slots.get_mut(&effect.effect.action.key()).unwrap();
        prop_assert!(slot.leased_until.is_none_or(|until| until <= now), "leased twice: {:?}", slot);
        prop_assert_eq!(text(&effect.effect), &slot.wanted);
        prop_assert!(effect.perhaps_done || slot.leased_until.is_none());
        slot.leased_until = Some(now + LEASE);
        let id: EffectId = effect.id;
        held.retain(|other| other.id != id);
        held.push(effect);
    }
    Ok(())
}

fn pick(held: &mut Vec<LeasedEffect>, n: usize) -> Option<LeasedEffect> {
    (!held.is_empty()).then(|| held.swap_remove(n % held.len()))
}

async fn finish(store: &Store, slots: &mut BTreeMap<String, Slot>, leased: LeasedEffect) {
    store.effect_done(leased.id, leased.version, None).await.unwrap();
    let slot = slots.get_mut(&leased.effect.action.key()).unwrap();
    slot.seen = text(&leased.effect).to_owned();
    slot.leased_until = None;
}

fn run<F: Future<Output = Result<(), TestCaseError>>>(future: F) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_inbox_does_what_its_model_does(calls in proptest::collection::vec(inbox_call(), 1..40)) {
        run(check_inbox(calls))?;
    }

    #[test]
    fn the_outbox_shows_the_world_what_was_wanted_last(calls in proptest::collection::vec(outbox_call(), 1..40)) {
        run(check_outbox(calls))?;
    }
}
