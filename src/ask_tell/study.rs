//! One study: what may be asked and told, and what becomes of it.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::params::Params;
use crate::domain::tuning::Search;
use crate::search::{self, History, Pruner, Record, RecordState, Sampler};

use super::fault::{Code, Fault};
use super::request::{Field, Request, object};
use super::space::Vocabulary;

/// Trials of one `ask` beyond which it is refused.
const MOST_ASKED: u32 = 65_536;

pub(super) struct Study {
    vocabulary: Vocabulary,
    /// Constraint values of each trial.
    constraints: usize,
    history: History,
    sampler: Box<dyn Sampler>,
    pruner: Option<Box<dyn Pruner>>,
    running: usize,
}

/// A trial as answers show it.
#[derive(serde::Serialize)]
pub(super) struct Shown {
    id: u32,
    params: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<f64>>,
}

/// What a trial came to.
struct Outcome {
    state: RecordState,
    values: Vec<f64>,
    constraints: Vec<f64>,
}

/// The fields of a trial in a list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TrialFields<'a> {
    #[serde(borrow)]
    id: Field<'a>,
    params: Field<'a>,
    values: Field<'a>,
    state: Field<'a>,
    constraints: Field<'a>,
}

impl Study {
    pub fn new(vocabulary: Vocabulary, constraints: usize, history: History, search: &Search) -> Self {
        let (sampler, pruner) = (search::sampler(search), search::pruner(&search.pruner));
        Self { vocabulary, constraints, history, sampler, pruner, running: 0 }
    }

    /// `n` new pending trials, fewer when the space has no more.
    pub fn ask(&mut self, request: &Request) -> Result<(Vec<Shown>, Duration), Fault> {
        let n = request.n.integer("n", 0..=MOST_ASKED)?.unwrap_or(1);
        let start = Instant::now();
        let mut asked = Vec::new();
        for _ in 0..n {
            let number = self.next_number()?;
            let Some(params) = self.sampler.ask(&self.history, number) else { break };
            self.history.record(number, Record::pending(params.clone()));
            self.running += 1;
            asked.push((number, params));
        }
        let elapsed = start.elapsed();
        let shown: Result<_, Fault> = asked.iter().map(|(number, params)| self.show(*number, params, None)).collect();
        Ok((shown?, elapsed))
    }

    /// Ends a pending trial; the state that was recorded.
    pub fn tell(&mut self, request: &Request) -> Result<(&'static str, Duration), Fault> {
        let (number, record) = self.pending(request.id)?;
        let outcome = self.outcome(request.state, request.values, request.constraints)?;
        let start = Instant::now();
        let Outcome { state, values, constraints } = outcome;
        self.history.record(number, Record { state, values, constraints, ..record });
        self.running -= 1;
        Ok((state_name(state), start.elapsed()))
    }

    /// Takes an intermediate value; should the trial stop?
    pub fn report(&mut self, request: &Request) -> Result<(bool, Duration), Fault> {
        let start = Instant::now();
        let number = self.take(request)?;
        let prune = self.pruner.as_ref().is_some_and(|pruner| pruner.should_prune(&self.history, number));
        Ok((prune, start.elapsed()))
    }

    /// Takes an intermediate value; whose it is. What is reported again for a step takes the place of the first.
    fn take(&mut self, request: &Request) -> Result<u32, Fault> {
        let (number, mut record) = self.pending(request.id)?;
        let expected = "a whole number, the first step being 1";
        let step: u64 =
            request.step.integer("step", 0..=u64::MAX)?.ok_or_else(|| request.step.wrong("step", expected))?;
        let value = match request.value.written() {
            None => return Err(request.value.wrong("value", "a number or null")),
            Some(_) => request.value.read("value", "a number or null")?.unwrap_or(f64::NAN),
        };
        match record.steps.binary_search_by_key(&step, |(known, _)| *known) {
            Ok(place) => record.steps[place].1 = value,
            Err(place) => record.steps.insert(place, (step, value)),
        }
        self.history.record(number, record);
        Ok(number)
    }

    /// Adds finished trials: all of them, or none if there is something wrong with one.
    pub fn import(&mut self, request: &Request) -> Result<(usize, Duration), Fault> {
        let records = each_trial(request.trials, |fields| self.finished(&fields))?;
        let start = Instant::now();
        let count = records.len();
        for record in records {
            let number = self.next_number()?;
            self.history.record(number, record);
        }
        Ok((count, start.elapsed()))
    }

    /// Does again what a file says was done.
    pub fn repeat(&mut self, request: &Request) -> Result<(), Fault> {
        match request.op.read("op", "the name of a change")?.unwrap_or_default() {
            // Who chose from here on; the trials are there already.
            "create" => Ok(()),
            "ask" => self.repeat_ask(request),
            "tell" => self.tell(request).map(drop),
            "report" => self.take(request).map(drop),
            "import" => self.import(request).map(drop),
            _ => Err(request.op.wrong("op", "the name of a change")),
        }
    }

    fn repeat_ask(&mut self, request: &Request) -> Result<(), Fault> {
        for (number, params) in each_trial(request.trials, |fields| {
            let id = fields.id.integer("id", 0..=u32::MAX)?.ok_or_else(|| fields.id.wrong("id", "a number"))?;
            Ok((id, self.params(&fields)?))
        })? {
            if number != self.next_number()? {
                return Err(Fault::bad_request(format!("trial {number} is not the next one")));
            }
            self.history.record(number, Record::pending(params));
            self.running += 1;
        }
        Ok(())
    }

    pub fn best(&self) -> Result<Vec<Shown>, Fault> {
        let numbers = search::best(&self.history).into_iter();
        let show = |number| self.show(number, &self.history.params(number), self.history.values(number));
        numbers.map(show).collect()
    }

    /// The trials that were asked and not told.
    pub fn pending_trials(&self) -> Result<Vec<Shown>, Fault> {
        let numbers = (0..).zip(self.history.states()).filter(|(_, state)| **state == RecordState::Pending);
        numbers.map(|(number, _)| self.show(number, &self.history.params(number), None)).collect()
    }

    pub fn seed(&self) -> u64 {
        self.history.seed()
    }

    pub fn running(&self) -> usize {
        self.running
    }

    pub fn total(&self) -> usize {
        self.history.len()
    }

    fn next_number(&self) -> Result<u32, Fault> {
        let full = |_| Fault::new(Code::Internal, "the study has as many trials as it can number");
        u32::try_from(self.history.len()).map_err(full)
    }

    fn show(&self, id: u32, params: &Params, values: Option<&[f64]>) -> Result<Shown, Fault> {
        let broken = |error: serde_json::Error| Fault::new(Code::Internal, error.to_string());
        let params = RawValue::from_string(self.vocabulary.write(params)).map_err(broken)?;
        Ok(Shown { id, params, values: values.map(<[f64]>::to_vec) })
    }

    fn pending(&self, id: Field) -> Result<(u32, Record), Fault> {
        let expected = "the id of a pending trial";
        let wide = id.integer("id", i128::from(i64::MIN)..=i128::from(u64::MAX)).ok().flatten();
        let wide = wide.ok_or_else(|| id.wrong("id", expected))?;
        let known = u32::try_from(wide).ok().and_then(|number| Some((number, self.history.get(number)?)));
        let unknown = |what: &str| Fault::new(Code::UnknownId, format!("trial {wide} {what}"));
        let (number, record) = known.ok_or_else(|| unknown("was never asked for"))?;
        match record.state {
            RecordState::Pending => Ok((number, record)),
            ended => Err(unknown(&format!("has ended already, as {}", state_name(ended)))),
        }
    }

    fn params(&self, fields: &TrialFields) -> Result<Params, Fault> {
        let wrong = || fields.params.wrong("params", "an object of parameters");
        let raw = fields.params.given().filter(|raw| raw.get().starts_with('{')).ok_or_else(wrong)?;
        self.vocabulary.read(raw.get()).map_err(|problem| Fault::new(Code::BadValues, problem))
    }

    fn finished(&self, fields: &TrialFields) -> Result<Record, Fault> {
        let Outcome { state, values, constraints } = self.outcome(fields.state, fields.values, fields.constraints)?;
        Ok(Record { state, values, constraints, ..Record::pending(self.params(fields)?) })
    }

    /// The rules for what ends a trial. A null among the values of a complete trial makes it a failed one.
    fn outcome(&self, state: Field, values: Field, constraints: Field) -> Result<Outcome, Fault> {
        let expected = r#""complete", "pruned" or "failed""#;
        let state = match state.read::<&str>("state", expected)? {
            None | Some("complete") => RecordState::Complete,
            Some("pruned") => RecordState::Pruned,
            Some("failed") => RecordState::Failed,
            Some(_) => return Err(state.wrong("state", expected)),
        };
        let is_complete = state == RecordState::Complete;
        let values = numbers("values", values, self.history.directions().len(), is_complete)?;
        let constraints = numbers("constraints", constraints, self.constraints, is_complete)?;
        let constraints = constraints.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        Ok(match values.into_iter().collect::<Option<Vec<f64>>>() {
            Some(values) if is_complete => Outcome { state, values, constraints },
            None if is_complete => Outcome { state: RecordState::Failed, values: Vec::new(), constraints },
            _ => Outcome { state, values: Vec::new(), constraints },
        })
    }
}

/// What `read` makes of each of a list of trials; a fault says of which.
fn each_trial<'a, T>(field: Field<'a>, read: impl Fn(TrialFields<'a>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    let expected = "a list of trials";
    let trials: Vec<&RawValue> = field.read("trials", expected)?.ok_or_else(|| field.wrong("trials", expected))?;
    let one = |raw: &'a RawValue| read(object(raw.get()).map_err(Fault::bad_request)?);
    let at = |place: usize, fault: Fault| Fault::new(fault.code, format!("trials[{place}]: {}", fault.message));
    trials.into_iter().enumerate().map(|(place, raw)| one(raw).map_err(|fault| at(place, fault))).collect()
}

/// `count` numbers or nulls. They may be left out if they are not `needed`.
fn numbers(name: &str, field: Field, count: usize, needed: bool) -> Result<Vec<Option<f64>>, Fault> {
    let numbers: Vec<Option<f64>> = field.read(name, "a list of numbers or nulls")?.unwrap_or_default();
    if numbers.len() == count || (numbers.is_empty() && !needed) {
        return Ok(numbers);
    }
    let text = format!("`{name}` must hold as many numbers as the study has, which is {count}, not {}", numbers.len());
    Err(Fault::new(Code::BadValues, text))
}

fn state_name(state: RecordState) -> &'static str {
    match state {
        RecordState::Pending => "pending",
        RecordState::Complete => "complete",
        RecordState::Pruned => "pruned",
        RecordState::Failed => "failed",
    }
}
