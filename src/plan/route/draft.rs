//! The decisions of one event while they are being made.

mod fork;
mod usage;

use sha2::{Digest, Sha256};

use super::facts::{EarlierNeed, Fact, Facts, Missing, Need};
use super::{Decided, Occasion};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::detail::Told;
use crate::domain::earlier::{EarlierTrial, StartsFrom};
use crate::domain::effect::{Action, Content, Effect, Notification};
use crate::domain::estimate::Estimate;
use crate::domain::event::{Event, EventKey};
use crate::domain::ids::{RuleName, SweepId, TuningName};
use crate::domain::preview::Preview;
use crate::domain::rules::{OnNewer, Overlap, Rules};
use crate::domain::signal::{Signal, SignalKind, StopRequest};
use crate::domain::sweep::{Baseline, Code, Destination, Origin, Sweep, SweepState};
use crate::domain::tuning::Tuning;
use crate::plan::command::Order;
use crate::plan::{beginning, estimate};

/// Why a rule or a command comes to no other end.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something has to be looked up first.
    Unknown(Need),
    Verdict(Verdict, String),
}

impl Halt {
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self::Verdict(Verdict::Ignored, reason.into())
    }

    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Verdict(Verdict::Refused, reason.into())
    }
}

impl From<Missing> for Halt {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Unknown(need) => Self::Unknown(need),
            Missing::Unavailable(why) => Self::refused(format!("{} Nothing was started.", sentence(&why))),
            Missing::NoService => {
                Self::refused("GitHub is not configured here, so it cannot be asked. Nothing was started.")
            }
        }
    }
}

fn sentence(words: &str) -> String {
    let mut chars = words.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// What becomes of the older sweeps of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Older {
    Queue,
    Keep,
    Cancel,
    /// While one runs, nothing is started.
    Skip,
}

impl From<OnNewer> for Older {
    fn from(policy: OnNewer) -> Self {
        match policy {
            OnNewer::Queue => Self::Queue,
            OnNewer::Keep => Self::Keep,
            OnNewer::Cancel => Self::Cancel,
        }
    }
}

impl From<Overlap> for Older {
    fn from(policy: Overlap) -> Self {
        match policy {
            Overlap::Skip => Self::Skip,
            Overlap::Queue => Self::Queue,
            Overlap::Allow => Self::Keep,
            Overlap::Cancel => Self::Cancel,
        }
    }
}

/// A sweep to be.
pub(super) struct Start {
    pub order: Order,
    pub origin: Origin,
    pub trigger: Option<RuleName>,
    pub code: Option<Code>,
    pub group: Option<String>,
    pub older: Older,
    pub destinations: Vec<Destination>,
    /// What in the event asked for it.
    pub because: String,
}

pub(super) struct Draft<'a> {
    pub event: &'a Event,
    pub rules: &'a Rules,
    pub facts: &'a Facts,
    pub occasion: Occasion,
    /// Set while what waited for a confirmation is started.
    pub confirmed: Option<Confirmed>,
    decided: Decided,
    /// Tunings that wait for the head of a fork to be allowed.
    waiting: Vec<TuningName>,
}

/// What somebody has said yes to.
pub(super) struct Confirmed {
    /// Of the event that asked for it: however often it is confirmed, it leads to the same sweep.
    pub key: EventKey,
    /// As it was shown.
    pub tuning: Tuning,
}

impl<'a> Draft<'a> {
    pub fn new(event: &'a Event, rules: &'a Rules, facts: &'a Facts, occasion: Occasion) -> Self {
        let (confirmed, waiting) = (None, Vec::new());
        Self { event, rules, facts, occasion, confirmed, decided: Decided::default(), waiting }
    }

    pub fn finish(mut self) -> Decided {
        if self.decided.decisions.is_empty() {
            self.decide("no rule", Verdict::Ignored, "nothing in the configuration reacts to it");
        }
        self.decided
    }

    pub fn has_decisions(&self) -> bool {
        !self.decided.decisions.is_empty()
    }

    pub fn decide(&mut self, by: impl Into<String>, verdict: Verdict, reason: impl Into<String>) {
        self.decided.decisions.push(Decision { by: by.into(), verdict, reason: reason.into(), sweep: None });
    }

    /// Writes the decision that `by` has come to. A refusal in words for people is handed back, for whoever asked.
    ///
    /// # Errors
    /// What has to be looked up first.
    pub fn conclude(&mut self, by: &str, concluded: Result<Decision, Halt>) -> Result<Option<String>, Need> {
        match concluded {
            Ok(decision) => {
                self.decided.decisions.push(decision);
                Ok(None)
            }
            Err(Halt::Unknown(need)) => Err(need),
            Err(Halt::Verdict(verdict, reason)) => {
                self.decide(by, verdict, reason.clone());
                Ok((verdict == Verdict::Refused).then_some(reason))
            }
        }
    }

    /// Starts a sweep.
    ///
    /// # Errors
    /// The older sweep of the group still runs and stands in the way; or something has to be looked up first.
    pub fn start(&mut self, by: &str, start: Start) -> Result<Decision, Halt> {
        let older = match (&start.group, start.older) {
            (None, _) | (_, Older::Keep) => Vec::new(),
            (Some(group), _) => self.active(Need::ActiveInGroup(group.clone()))?,
        };
        if let (Older::Skip, Some(first)) = (start.older, older.first()) {
            return Err(Halt::ignored(format!("sweep {first} of the slot before has not ended")));
        }
        if start.older == Older::Cancel
            && let Some(newer) = self.newer_than_this(&older)?
        {
            return Err(Halt::ignored(format!("a newer event has started {newer} meanwhile")));
        }
        let baseline = self.baseline(&start)?;
        let earlier = self.earlier(&start)?;
        let estimate = self.estimate(&start.order)?;
        let id = self.next_id(&start.order);
        let mut reason = start.because;
        if start.older == Older::Cancel && !older.is_empty() {
            reason.push_str(&format!("; stops {}", names(&older)));
            for sweep in &older {
                self.stop(sweep, StopRequest::Superseded { sweep: id.clone() });
            }
        } else if start.older == Older::Queue && !older.is_empty() {
            reason.push_str(&format!("; waits for {}", names(&older)));
        }
        let starts_from = earlier.map(|(from, trials)| {
            reason.push_str(&format!("; {}", beginning::started_from(&from)));
            if !trials.is_empty() {
                self.decided.earlier.push((id.clone(), trials));
            }
            from
        });
        let Order { tuning, seed, overrides, .. } = start.order;
        self.decided.sweeps.push(Sweep {
            seed: seed.unwrap_or_else(|| seed_of(&id)),
            id: id.clone(),
            event: self.occasion.event,
            trigger: start.trigger,
            tuning,
            overrides,
            origin: start.origin,
            code: start.code,
            group: start.group,
            // A sweep that is being stopped is waited for too: its last words must not come after the first of this one.
            waits_for_group: matches!(start.older, Older::Queue | Older::Cancel),
            destinations: start.destinations,
            baseline,
            estimate,
            starts_from,
            state: SweepState::Queued,
            created_at: self.occasion.now,
            started_at: None,
            ended_at: None,
            outcome: None,
            reported_at: None,
            told: Told::default(),
        });
        Ok(Decision { by: by.to_owned(), verdict: Verdict::Started, reason, sweep: Some(id) })
    }

    /// The first of the sweeps that a newer event has asked for. An event that was put off, or delivered again, must not
    /// stop what came after it.
    fn newer_than_this(&self, sweeps: &[SweepId]) -> Result<Option<SweepId>, Halt> {
        for id in sweeps {
            let event = self.facts.get(Need::Sweep(id.clone()), |fact| match fact {
                Fact::Sweep(sweep) => Some(sweep.as_ref().map(|sweep| sweep.event)),
                _ => None,
            })?;
            if event.is_some_and(|event| event > self.occasion.event) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }

    /// The id of the next sweep, from what uniquely asks for it.
    fn next_id(&self, order: &Order) -> SweepId {
        let (key, which) = match &self.confirmed {
            Some(confirmed) => (&confirmed.key, "confirmed".to_owned()),
            None => (&self.event.key, self.decided.sweeps.len().to_string()),
        };
        let asked_by = format!("{}/{}/{which}", key.source.name(), key.delivery);
        SweepId::derive(&order.tuning.name, &asked_by, self.occasion.salt)
    }

    fn baseline(&self, start: &Start) -> Result<Option<Baseline>, Halt> {
        let need = Need::Baseline {
            tuning: start.order.tuning.name.clone(),
            repository: start.code.as_ref().map(|code| code.repository.clone()),
            branch: start.code.as_ref().map(|code| code.base_branch.clone()).unwrap_or_default(),
        };
        let found = self.facts.get(need, |fact| match fact {
            Fact::Baseline(baseline) => Some(baseline.clone()),
            _ => None,
        });
        match found {
            Ok(baseline) => Ok(baseline),
            Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
            // A sweep without a comparison is better than none.
            Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
        }
    }

    /// What the sweep will probably take; none where no earlier one says.
    ///
    /// # Errors
    /// Earlier sweeps have to be looked up first.
    pub fn estimate(&self, order: &Order) -> Result<Option<Estimate>, Halt> {
        let finished = self.facts.get(Need::Finished(order.tuning.name.clone()), |fact| match fact {
            Fact::Reports(reports) => Some(reports.as_slice()),
            _ => None,
        });
        match finished {
            Ok(finished) => Ok(estimate::estimate(&order.tuning, finished)),
            Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
            Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
        }
    }

    /// What the sweep starts from, if its tuning wants that.
    fn earlier(&self, start: &Start) -> Result<Option<(StartsFrom, Vec<EarlierTrial>)>, Halt> {
        let tuning = &start.order.tuning;
        let Some(limit) = beginning::wanted(tuning) else { return Ok(None) };
        let code = start.code.as_ref();
        let need = Need::Earlier(EarlierNeed {
            tuning: tuning.name.clone(),
            repository: code.map(|code| code.repository.clone()),
            branches: code.map(|code| [code.reference.clone(), code.base_branch.clone()]).unwrap_or_default(),
            pull_request: code.and_then(|code| code.pull_request),
            sweeps: limit.sweeps,
        });
        let found = self.facts.get(need, |fact| match fact {
            Fact::Earlier(sweeps) => Some(sweeps),
            _ => None,
        });
        match found {
            Ok(sweeps) => Ok(Some(beginning::choose(tuning, limit, sweeps))),
            Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
            // A sweep that starts from nothing is better than none.
            Err(Missing::Unavailable(_) | Missing::NoService) => Ok(Some(Default::default())),
        }
    }

    /// The unfinished sweeps that `need` asks for.
    ///
    /// # Errors
    /// They have to be looked up first.
    pub fn active(&self, need: Need) -> Result<Vec<SweepId>, Halt> {
        let active = self.facts.get(need, |fact| match fact {
            Fact::Active(sweeps) => Some(sweeps.clone()),
            _ => None,
        });
        Ok(active?)
    }

    /// Asks for the end of a sweep.
    pub fn stop(&mut self, sweep: &SweepId, by: StopRequest) {
        let (sweep, at, kind) = (sweep.clone(), self.occasion.now, SignalKind::StopRequested { by });
        self.decided.signals.push(Signal { sweep, at, kind });
    }

    /// Stops all that `need` finds; none is no decision.
    ///
    /// # Errors
    /// They have to be looked up first.
    pub fn stop_all(&mut self, by: &str, need: Need, request: &StopRequest, because: &str) -> Result<(), Need> {
        let active = match self.active(need) {
            Ok(active) => active,
            Err(Halt::Unknown(need)) => return Err(need),
            Err(Halt::Verdict(..)) => Vec::new(),
        };
        for id in active {
            self.stopped(by, id, request.clone(), because);
        }
        Ok(())
    }

    /// Asks for the end of a sweep, and says so as a decision of its own.
    pub fn stopped(&mut self, by: &str, sweep: SweepId, request: StopRequest, because: &str) {
        self.stop(&sweep, request);
        let (by, reason) = (by.to_owned(), because.to_owned());
        self.decided.decisions.push(Decision { by, verdict: Verdict::Stopped, reason, sweep: Some(sweep) });
    }

    /// Something to be done outside in answer to the event.
    pub fn act(&mut self, sweep: Option<&SweepId>, action: Action) {
        self.decided.answers.push(Effect { sweep: sweep.cloned(), due_at: self.occasion.now, action });
    }

    pub fn is_refused(&self) -> bool {
        self.decided.decisions.iter().all(|decision| decision.verdict == Verdict::Refused)
    }

    /// Answers in words. All answers to one event are one message.
    pub fn answer(&mut self, destination: Destination, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let notification = Notification {
            slot: Notification::answer_slot(&self.event.key),
            destination,
            content: Content::Answer { text: texts.join("\n\n") },
        };
        self.notify(notification);
    }

    pub fn notify(&mut self, notification: Notification) {
        let action = Action::Notify(notification);
        self.decided.answers.push(Effect { sweep: None, due_at: self.occasion.now, action });
    }

    pub fn note_preview(&mut self, preview: Preview) {
        self.decided.previews.push(preview);
    }

    pub fn has_preview(&self) -> bool {
        !self.decided.previews.is_empty()
    }
}

fn names(sweeps: &[SweepId]) -> String {
    sweeps.iter().map(SweepId::as_str).collect::<Vec<_>>().join(", ")
}

/// The seed of a sweep that none was asked for: 63 bits, so that every number format can hold it.
fn seed_of(id: &SweepId) -> u64 {
    let digest = Sha256::digest(format!("seed of {id}").as_bytes());
    digest.iter().take(8).fold(0, |seed: u64, byte| seed << 8 | u64::from(*byte)) >> 1
}
