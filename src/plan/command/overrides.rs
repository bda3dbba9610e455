//! `key=value` words: limits, fixed and narrowed parameters, and the code. Everything is checked against the tuning.
//!
//! A parameter that bears the name of a limit (`seed`, say) cannot be overridden: the limit is meant.

use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::code;
use crate::domain::ids::ParamName;
use crate::domain::nearest::nearest;
use crate::domain::params::{Domain, Parameter, Value};
use crate::domain::tuning::{SamplerKind, Tuning};

/// The keys that are not parameters.
pub(super) const LIMITS: [&str; 7] = ["trials", "parallel", "timeout", "deadline", "seed", "sampler", "ref"];

const MOST_TRIALS: u32 = 100_000;
const MOST_PARALLEL: u32 = 10_000;
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A tuning with the words that have been applied to it.
pub(super) struct Overridden {
    pub tuning: Tuning,
    pub reference: Option<String>,
    pub seed: Option<u64>,
}

/// Applies one word.
///
/// # Errors
/// What is wrong with it, for the person who typed it.
pub(super) fn apply(to: &mut Overridden, key: &str, value: &str) -> Result<(), String> {
    match key {
        "trials" => to.tuning.limits.trials = count(key, value, MOST_TRIALS)?,
        "parallel" => to.tuning.limits.parallel = count(key, value, MOST_PARALLEL)?,
        "timeout" => to.tuning.limits.trial_timeout = duration(key, value)?,
        "deadline" => to.tuning.limits.deadline = Some(duration(key, value)?),
        "seed" => to.seed = Some(seed(value)?),
        "sampler" if to.tuning.trial.searches() => {
            let tuning = &to.tuning.name;
            return Err(format!("*{tuning}* takes no `sampler=`: its workflow searches by itself."));
        }
        "sampler" => to.tuning.search.sampler = sampler(value)?,
        "ref" => to.reference = Some(reference(value)?),
        _ => {
            let parameter = parameter(&to.tuning, key)?;
            let (name, domain) = (parameter.name.clone(), restrict(&to.tuning, parameter, value)?);
            let space = to.tuning.space.with_domain(&name, domain);
            to.tuning.space = space.map_err(|errors| first(&errors))?;
        }
    }
    Ok(())
}

fn first(errors: &[crate::domain::params::SpaceError]) -> String {
    errors.first().map(|error| format!("{error}.")).unwrap_or_default()
}

/// The name that `key` stands for: of a limit, or of a parameter as the tuning writes it.
pub(super) fn full_key(tuning: &Tuning, key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    if LIMITS.contains(&lower.as_str()) {
        return lower;
    }
    parameter(tuning, key).map_or_else(|_| key.to_owned(), |parameter| parameter.name.to_string())
}

/// The overrides in the words of a message: "`lr` narrowed to 1e-4..1e-2". What a report shows anyway (trials,
/// parallel, sampler, seed, code) is left out. `tuning` is the one with the overrides applied.
pub fn describe(overrides: &[String], tuning: &Tuning) -> Vec<String> {
    let note = |word: &String| {
        let (key, value) = word.split_once('=')?;
        match key {
            "timeout" if tuning.trial.searches() => {
                Some(format!("its workflow at most {:#}", tuning.limits.trial_timeout))
            }
            "timeout" => Some(format!("each trial at most {:#}", tuning.limits.trial_timeout)),
            "deadline" => tuning.limits.deadline.map(|deadline| format!("at most {deadline:#} in all")),
            _ if LIMITS.contains(&key) => None,
            _ => {
                let parameter = tuning.space.get(&key.parse().ok()?)?;
                let how = if parameter.domain.cardinality() == Some(1) { "fixed at" } else { "narrowed to" };
                Some(format!("`{key}` {how} {}", as_typed(&parameter.domain, value)))
            }
        }
    };
    overrides.iter().filter_map(note).collect()
}

/// The whole range as a value that can be typed.
pub(super) fn typeable(domain: &Domain) -> String {
    match domain {
        Domain::Float { low, high, .. } => format!("{}..{}", Value::Float(*low), Value::Float(*high)),
        Domain::Int { low, high, .. } => format!("{low}..{high}"),
        Domain::Categorical { choices } => choices.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"),
    }
}

/// The range in the notation of who asked for it, where that says the same.
fn as_typed(domain: &Domain, value: &str) -> String {
    let ends = value.split_once("..").unwrap_or((value, value));
    match domain {
        Domain::Float { low, high, step: None, .. } if (ends.0.parse(), ends.1.parse()) == (Ok(*low), Ok(*high)) => {
            value.to_owned()
        }
        _ => plain(domain),
    }
}

/// The range without what it is measured on; one value alone when there is one.
fn plain(domain: &Domain) -> String {
    match domain {
        Domain::Float { low, high, .. } if low == high => Value::Float(*low).to_string(),
        Domain::Int { low, high, .. } if low == high => low.to_string(),
        Domain::Float { low, high, step, .. } => {
            Domain::Float { low: *low, high: *high, log: false, step: *step }.to_string()
        }
        Domain::Int { low, high, step, .. } => {
            Domain::Int { low: *low, high: *high, log: false, step: *step }.to_string()
        }
        Domain::Categorical { .. } => domain.to_string().replace('`', "'"),
    }
}

fn count(key: &str, value: &str, most: u32) -> Result<u32, String> {
    let parsed: Option<u32> = value.parse().ok().filter(|n| (1..=most).contains(n));
    parsed.ok_or_else(|| format!("{} must be a whole number from 1 to {most}.", code(&format!("{key}={value}"))))
}

fn seed(value: &str) -> Result<u64, String> {
    // Stored in a signed column and shown in JSON: 63 bits.
    let parsed: Option<u64> = value.parse().ok().filter(|seed| i64::try_from(*seed).is_ok());
    parsed.ok_or_else(|| format!("{} must be a whole number from 0.", code(&format!("seed={value}"))))
}

fn duration(key: &str, value: &str) -> Result<SignedDuration, String> {
    let fault = || {
        let word = code(&format!("{key}={value}"));
        format!("{word} is not a duration from 1 second to 30 days. Write it like `{key}=90m` or `{key}=1h30m`.")
    };
    let span: Span = value.parse().map_err(|_| fault())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| fault())?;
    if duration >= SignedDuration::from_secs(1) && duration <= LONGEST { Ok(duration) } else { Err(fault()) }
}

fn sampler(value: &str) -> Result<SamplerKind, String> {
    let names = || SamplerKind::ALL.map(SamplerKind::name);
    SamplerKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(value)).ok_or_else(|| {
        let meant = nearest(value, names()).map(|name| format!(" Did you mean `sampler={name}`?")).unwrap_or_default();
        format!("There is no sampler {}: there are {}.{meant}", code(value), names().join(", "))
    })
}

/// A branch or a full commit, in the characters that Git allows.
fn reference(value: &str) -> Result<String, String> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let fine = (1..=200).contains(&value.len())
        && !value.contains(forbidden)
        && !value.starts_with(['-', '/', '.'])
        && !value.ends_with(['/', '.'])
        && !["..", "//", "@{"].iter().any(|part| value.contains(part));
    if fine { Ok(value.to_owned()) } else { Err(format!("{} is not the name of a branch or a commit.", code(value))) }
}

fn parameter<'a>(tuning: &'a Tuning, key: &str) -> Result<&'a Parameter, String> {
    let parameters = tuning.space.parameters();
    let exact = parameters.iter().find(|parameter| parameter.name.as_str() == key);
    if let Some(found) = exact {
        return Ok(found);
    }
    let mut alike = parameters.iter().filter(|parameter| parameter.name.as_str().eq_ignore_ascii_case(key));
    if let (Some(found), None) = (alike.next(), alike.next()) {
        return Ok(found);
    }
    let limits = LIMITS.into_iter().filter(|limit| !(tuning.trial.searches() && *limit == "sampler"));
    let known = parameters.iter().map(|parameter| parameter.name.as_str()).chain(limits);
    let meant = nearest(key, known).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
    let hint = format!("`/tune help {}` shows what can be set.", tuning.name);
    Err(format!("*{}* has no parameter {}.{meant} {hint}", tuning.name, code(key)))
}

/// The part of the parameter's domain that `value` names.
fn restrict(tuning: &Tuning, parameter: &Parameter, value: &str) -> Result<Domain, String> {
    let asked = Asked { tuning, name: &parameter.name, domain: &parameter.domain, value };
    match &parameter.domain {
        Domain::Categorical { choices } => asked.choices(choices),
        _ if value.contains('|') => Err(format!(
            "{} names several values, but `{}` is a number: write one value, or a range like `{}={}`.",
            asked.word(),
            parameter.name,
            parameter.name,
            typeable(&parameter.domain),
        )),
        Domain::Float { low, high, log, step } => asked.floats(*low, *high, *log, *step),
        Domain::Int { low, high, log, step } => asked.integers(*low, *high, *log, *step),
    }
}

/// What is asked of one parameter, with all that a refusal names.
struct Asked<'a> {
    tuning: &'a Tuning,
    name: &'a ParamName,
    domain: &'a Domain,
    value: &'a str,
}

impl Asked<'_> {
    fn word(&self) -> String {
        code(&format!("{}={}", self.name, self.value))
    }

    fn outside(&self) -> String {
        format!("{} is outside *{}*'s range {}.", self.word(), self.tuning.name, plain(self.domain))
    }

    fn turned(&self) -> String {
        format!("{} is an empty range: its first number is above its second.", self.word())
    }

    fn floats(&self, low: f64, high: f64, log: bool, step: Option<f64>) -> Result<Domain, String> {
        let read = |text: &str| {
            let number = text.parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or_else(|| format!("`{}` takes a number, not {}.", self.name, code(text)))
        };
        let (from, to) = self.ends(read)?;
        if from > to {
            return Err(self.turned());
        }
        if from < low || to > high {
            return Err(self.outside());
        }
        let Some(step) = step else {
            return Ok(Domain::Float { low: from, high: to, log, step: None });
        };
        // The ends move inwards to the points that the configured steps reach.
        let first = low + ((from - low) / step - STEP_TOLERANCE).ceil().max(0.0) * step;
        let last = low + ((to - low) / step + STEP_TOLERANCE).floor() * step;
        let (first, last) = (tidy(first).min(high), tidy(last).min(high));
        if first > last {
            return Err(format!("{} falls between the steps of {}.", self.word(), self.domain));
        }
        Ok(Domain::Float { low: first, high: last, log, step: Some(step) })
    }

    fn integers(&self, low: i64, high: i64, log: bool, step: i64) -> Result<Domain, String> {
        let read = |text: &str| {
            whole(text).ok_or_else(|| format!("`{}` takes a whole number, not {}.", self.name, code(text)))
        };
        let (from, to) = self.ends(read)?;
        if from > to {
            return Err(self.turned());
        }
        if from < low || to > high {
            return Err(self.outside());
        }
        let (low, step) = (i128::from(low), i128::from(step.max(1)));
        let distance = |x: i64| i128::from(x) - low;
        let first = low + (distance(from) + step - 1) / step * step;
        let last = low + distance(to) / step * step;
        match (i64::try_from(first), i64::try_from(last), i64::try_from(step)) {
            (Ok(low), Ok(high), Ok(step)) if low <= high => Ok(Domain::Int { low, high, log, step }),
            _ => Err(format!("{} falls between the steps of {}.", self.word(), self.domain)),
        }
    }

    /// Both ends of `a..b`, or the one value twice.
    fn ends<T: Copy>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<(T, T), String> {
        match self.value.split_once("..") {
            Some((from, to)) => Ok((read(from.trim())?, read(to.trim_start_matches('.').trim())?)),
            None => read(self.value.trim()).map(|value| (value, value)),
        }
    }

    /// The choices that are named, in the order of the configuration.
    fn choices(&self, choices: &[Value]) -> Result<Domain, String> {
        let mut wanted = Vec::new();
        for text in self.value.split('|').map(str::trim) {
            let position = position(choices, text).ok_or_else(|| self.no_choice(choices, text))?;
            if !wanted.contains(&position) {
                wanted.push(position);
            }
        }
        wanted.sort_unstable();
        Ok(Domain::Categorical { choices: wanted.into_iter().filter_map(|i| choices.get(i).cloned()).collect() })
    }

    fn no_choice(&self, choices: &[Value], text: &str) -> String {
        let known: Vec<String> = choices.iter().map(ToString::to_string).collect();
        let meant = nearest(text, known.iter().map(String::as_str));
        let meant = meant.map(|near| format!(" Did you mean {}?", code(&format!("{}={near}", self.name))));
        let all = known.join(" | ").replace('`', "'");
        let meant = meant.unwrap_or_default();
        format!("{} is not one of *{}*'s choices {all}.{meant}", code(text), self.tuning.name)
    }
}

/// Without the noise that adding up steps leaves behind: 0.3 for 0.30000000000000004.
fn tidy(x: f64) -> f64 {
    format!("{x:.12e}").parse().unwrap_or(x)
}

/// How far, in steps, a number that a person typed may be from the point that is meant.
const STEP_TOLERANCE: f64 = 1e-6;

/// The choice that `text` names: exactly, else in other letters, else as a number or a boolean in another notation.
fn position(choices: &[Value], text: &str) -> Option<usize> {
    let shown: Vec<String> = choices.iter().map(ToString::to_string).collect();
    let by = |same: &dyn Fn(usize) -> bool| (0..choices.len()).find(|i| same(*i));
    by(&|i| shown[i] == text)
        .or_else(|| by(&|i| shown[i].eq_ignore_ascii_case(text)))
        .or_else(|| {
            let number = text.parse::<f64>().ok();
            by(&|i| number.is_some() && choices[i].as_f64() == number)
        })
        .or_else(|| {
            let truth = truth(text)?;
            by(&|i| choices[i] == Value::Bool(truth))
        })
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "1" => Some(true),
        "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number in any notation: `512`, `5.12e2`.
fn whole(text: &str) -> Option<i64> {
    /// Beyond this a float does not tell one whole number from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let exact = || text.parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() <= EXACT).map(|x| x as i64);
    text.parse().ok().or_else(exact)
}
