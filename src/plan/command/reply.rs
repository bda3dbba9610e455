//! What commands are answered: short texts, with tables in blocks of code so that their columns stand under each other.

mod details;
mod table;

pub use details::details;

use table::Table;

use super::access::{Known, Standing, standing, who_may};
use super::code;
use super::grammar::{Command, parse};
use super::order::{Asker, Order, resolve};
use super::overrides::typeable;
use super::quota::in_words;
use crate::domain::error::UserError;
use crate::domain::metrics::{Direction, Objective};
use crate::domain::params::{Domain, Params, Value};
use crate::domain::report::{Conclusion, Phase, Ranked, Report};
use crate::domain::rules::Rules;
use crate::domain::sweep::Against;
use crate::domain::tuning::{Confirm, Tuning};

/// The answer to a command before anything is done: what was understood, or why nothing will happen.
///
/// `list` and `help` are answered in full. `status`, `best`, `details` and `compare` need the store: whoever has it answers
/// them with [`status`], [`best`], [`details`] and [`compare`]; here they get a line that says that they are looked up.
pub fn acknowledge(rules: &Rules, text: &str, asker: &Asker<'_>) -> String {
    match parse(text).and_then(|command| understood(rules, &command, asker)) {
        Ok(answer) => answer,
        Err(refusal) => refusal.0,
    }
}

fn understood(rules: &Rules, command: &Command, asker: &Asker<'_>) -> Result<String, UserError> {
    Ok(match command {
        Command::Start { tuning, words } => {
            let order = resolve(rules, tuning, words)?;
            match standing(rules, &order.tuning, asker, &|_| Known::NotYet) {
                Standing::Allowed => {}
                Standing::Denied(refusal) => return Err(refusal),
                Standing::MustAsk(_) => {
                    return Ok(format!("Looking up whether you may start *{}*.", order.tuning.name));
                }
            }
            let branch = rules.default_code.get(&order.tuning.name).map(|code| code.branch.clone());
            announce(&order, order.reference.clone().or(branch).as_deref())
        }
        Command::List => list(rules),
        Command::Help { tuning } => help(rules, tuning.as_deref()),
        Command::Stop { sweep } => format!("Stopping `{sweep}`, if it runs."),
        Command::Approve { .. } => "`/tune approve` is for comments on pull requests of forks.".to_owned(),
        Command::Confirm { event } => format!("Starting what waits under the number {event}, if it still does."),
        Command::Cancel { event } => format!("Cancelling what waits under the number {event}, if it still does."),
        Command::Rerun { sweep } => format!("Running `{sweep}` again with the same words."),
        Command::Apply { sweep } => format!("Writing the best of `{sweep}` into its repository, by a pull request."),
        Command::Status { .. } | Command::Best { .. } | Command::Details { .. } | Command::Compare { .. } => {
            format!("Looking up {}.", code(&command.to_string()))
        }
    })
}

/// "Starting *resnet* on `main`: 40 trials, 8 at a time, TPE. `lr` narrowed to 1e-4..1e-2."
pub fn announce(order: &Order, reference: Option<&str>) -> String {
    let Order { tuning, notes, seed, .. } = order;
    let on = reference.map(|reference| format!(" on {}", code(reference))).unwrap_or_default();
    let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    let starting = if tuning.confirm == Confirm::Always { "To be confirmed:" } else { "Starting" };
    let mut text = format!("{starting} *{}*{on}: {}{seed}.", tuning.name, plan(tuning));
    for note in notes {
        text.push(' ');
        text.push_str(&capitalised(note));
        text.push('.');
    }
    text
}

/// How far it goes, and who chooses what is tried: "40 trials, 8 at a time, TPE".
fn plan(tuning: &Tuning) -> String {
    // What is a sentence of its own stands apart from what is a name.
    let mark = if tuning.trial.searches() { ';' } else { ',' };
    format!("{}{mark} {}", extent(tuning), tuning.searcher())
}

fn capitalised(note: &str) -> String {
    let mut chars = note.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn extent(tuning: &Tuning) -> String {
    let limits = &tuning.limits;
    let trials = if limits.trials == 1 { "1 trial".to_owned() } else { format!("{} trials", limits.trials) };
    format!("{trials}, {} at a time", limits.parallel.min(limits.trials))
}

/// All tunings.
pub fn list(rules: &Rules) -> String {
    if rules.tunings.is_empty() {
        return "There is no tuning in the configuration yet.".to_owned();
    }
    let mut table = Table::default();
    for tuning in rules.tunings.values() {
        table.row([tuning.name.to_string(), extent(tuning), tuning.description.clone()]);
    }
    let count = match rules.tunings.len() {
        1 => "1 tuning".to_owned(),
        count => format!("{count} tunings"),
    };
    format!("{count}:\n{table}\n`/tune TUNING` starts one, `/tune help TUNING` shows what can be set.")
}

/// How commands are written; of one tuning, what can be set.
pub fn help(rules: &Rules, tuning: Option<&str>) -> String {
    let Some(name) = tuning else { return GENERAL_HELP.to_owned() };
    match resolve::<&str>(rules, name, &[]) {
        Ok(order) => tuning_help(rules, &order.tuning),
        Err(refusal) => refusal.0.trim_end_matches(" Nothing was started.").to_owned(),
    }
}

const GENERAL_HELP: &str = "\
```
/tune TUNING [key=value…]   start a sweep
/tune list                  the tunings
/tune help TUNING           what can be set
/tune status [SWEEP]        how far it is
/tune best TUNING|SWEEP     the best parameters
/tune details SWEEP         all about one sweep
/tune compare SWEEP SWEEP   two sweeps side by side
/tune stop SWEEP            end it; its results stay
/tune rerun SWEEP           the same once more
/tune apply SWEEP           its best into the repository, by a pull request
/tune approve [COMMIT]      on a fork's pull request: let it run
```
Words: `trials=40` `parallel=8` `timeout=30m` (one trial) `deadline=6h` (all) `seed=7` `sampler=tpe` `ref=my-branch`, \
`lr=1e-3` fixes a parameter, `lr=1e-4..1e-2` and `optimizer=adam|sgd` narrow one.";

fn tuning_help(rules: &Rules, tuning: &Tuning) -> String {
    let mut table = Table::default();
    for parameter in tuning.space.parameters() {
        let condition = parameter.when.as_ref().map(|condition| {
            let values: Vec<String> = condition.one_of.iter().map(ToString::to_string).collect();
            format!("with {}={}", condition.parameter, values.join("|"))
        });
        let production = tuning.production.as_ref().and_then(|params| params.get(&parameter.name));
        let today = production.map(|value| format!("now {value}")).unwrap_or_default();
        table.row([parameter.name.to_string(), parameter.domain.to_string(), today, condition.unwrap_or_default()]);
    }
    let objectives: Vec<String> = tuning.objectives.iter().map(objective).collect();
    let about = tuning.description.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    let about = if about.is_empty() { String::new() } else { format!(": {}", about.trim_end_matches('.')) };
    // Only a workflow that searches by itself has a space without parameters.
    let table = if tuning.space.parameters().is_empty() { String::new() } else { format!("{table}\n") };
    let open_to = who_may(rules, tuning).map(|who| format!("Open to {who}.\n")).unwrap_or_default();
    let quota = in_words(rules.quota, tuning.access.quota);
    format!(
        "*{}*{about}. {}; {}.\n{table}{open_to}{quota}{}",
        tuning.name,
        plan(tuning),
        objectives.join(", "),
        example(tuning)
    )
}

fn objective(objective: &Objective) -> String {
    let verb = match objective.direction {
        Direction::Minimize => "minimises",
        Direction::Maximize => "maximises",
    };
    format!("{verb} `{}`", objective.metric)
}

/// A command with a range of this very tuning.
fn example(tuning: &Tuning) -> String {
    let parameters = tuning.space.parameters();
    let numeric = parameters.iter().find(|parameter| !matches!(parameter.domain, Domain::Categorical { .. }));
    let range = numeric
        .or(parameters.first())
        .map(|parameter| format!(" {}", code(&format!("{}={}", parameter.name, typeable(&parameter.domain)))));
    let range = range.map(|word| format!(" Narrow a parameter like{word}.")).unwrap_or_default();
    format!("Start it with `/tune {}`.{range}", tuning.name)
}

/// One line for each sweep, newest last.
pub fn status(reports: &[Report]) -> String {
    if reports.is_empty() {
        return "Nothing is running. `/tune list` shows what could.".to_owned();
    }
    let mut table = Table::default();
    for report in reports {
        let best = report.best().map(|best| format!("best {} {}", report.objective.metric, number(best.value)));
        table.row([
            report.sweep.to_string(),
            phase(report),
            format!("{}/{}", report.counts.finished(), report.trials),
            best.unwrap_or_else(|| "no result yet".to_owned()),
            format!("for {}", report.asked_by),
        ]);
    }
    table.to_string()
}

fn phase(report: &Report) -> String {
    match &report.phase {
        Phase::Queued { .. } => "queued".to_owned(),
        Phase::Running if report.away.is_some() => "running, its engine does not answer".to_owned(),
        Phase::Running => match report.time_left {
            Some(left) => format!("running, about {} left", rough(left)),
            None => "running".to_owned(),
        },
        Phase::Stopping { .. } => "stopping".to_owned(),
        Phase::Finished { outcome } => outcome.name().replace('_', " "),
    }
}

/// A duration to the two biggest units that it fills.
fn rough(duration: jiff::SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The best parameters of a sweep, against the baseline.
pub fn best(report: &Report) -> String {
    let Some(best) = report.best() else {
        return format!("`{}` of *{}* has no finished trial yet ({}).", report.sweep, report.tuning, phase(report));
    };
    let mut table = Table::default();
    for (name, value) in &best.params.0 {
        let was = report.baseline.as_ref().and_then(|baseline| baseline.params.get(name));
        let was = was.filter(|was| *was != value).map(|was| format!("(was {was})")).unwrap_or_default();
        table.row([name.to_string(), value.to_string(), was]);
    }
    let against = report.baseline.as_ref().map(|baseline| match &baseline.against {
        Against::Branch { name } => format!(", was {} on {}", number(baseline.value), code(name)),
        Against::Earlier => format!(", was {} before", number(baseline.value)),
        Against::Production => format!(", was {} in production", number(baseline.value)),
    });
    let verdict = report.verdict.as_ref().map(|verdict| match verdict.conclusion {
        Conclusion::Success | Conclusion::Failure => format!(" ({})", verdict.headline),
        Conclusion::Neutral => String::new(),
    });
    format!(
        "*{}*: {} {}{}{} · trial {} of `{}`\n{table}",
        report.tuning,
        report.objective.metric,
        number(best.value),
        against.unwrap_or_default(),
        verdict.unwrap_or_default(),
        best.trial,
        report.sweep,
    )
}

/// Two sweeps side by side: results, then the parameters that differ.
pub fn compare(left: &Report, right: &Report) -> String {
    let mut table = Table::default();
    table.row([String::new(), left.sweep.to_string(), right.sweep.to_string()]);
    let both = |of: &dyn Fn(&Report) -> String| [of(left), of(right)];
    let mut row = |name: &str, [left, right]: [String; 2]| table.row([name.to_owned(), left, right]);
    if left.tuning != right.tuning {
        row("tuning", both(&|report| report.tuning.to_string()));
    }
    row("state", both(&phase));
    row("trials", both(&|report| format!("{}/{}", report.counts.finished(), report.trials)));
    row("code", both(&|report| report.code.as_ref().map_or_else(dash, revision)));
    if left.objective.metric == right.objective.metric {
        row(left.objective.metric.as_str(), both(&|report| report.best().map_or_else(dash, |best| number(best.value))));
    } else {
        let named = |report: &Report| {
            report.best().map_or_else(dash, |best| format!("{} {}", report.objective.metric, number(best.value)))
        };
        row("best", both(&named));
    }
    let mut same = 0;
    for name in parameter_names(left, right) {
        let values = [left, right].map(|report| report.best().and_then(|best| best.params.get(&name)));
        if values[0] == values[1] {
            same += 1;
        } else {
            row(name.as_str(), values.map(|value| value.map_or_else(dash, Value::to_string)));
        }
    }
    let same = match same {
        0 => String::new(),
        1 => "\n1 parameter is the same in both.".to_owned(),
        same => format!("\n{same} parameters are the same in both."),
    };
    format!("{}\n{table}{same}", which_is_better(left, right))
}

fn which_is_better(left: &Report, right: &Report) -> String {
    if left.objective.metric != right.objective.metric || left.objective.direction != right.objective.direction {
        return "These sweeps have different objectives.".to_owned();
    }
    let (Some(a), Some(b)) = (left.best(), right.best()) else {
        return "Not both have a result yet.".to_owned();
    };
    let metric = &left.objective.metric;
    let (winner, better, worse) = if left.objective.direction.better(a.value, b.value) {
        (&left.sweep, a, b)
    } else if left.objective.direction.better(b.value, a.value) {
        (&right.sweep, b, a)
    } else {
        return format!("Both reach {metric} {}.", number(a.value));
    };
    format!("`{winner}` is better: {metric} {} against {}.", number(better.value), number(worse.value))
}

fn parameter_names(left: &Report, right: &Report) -> std::collections::BTreeSet<crate::domain::ids::ParamName> {
    let params = |report: &Report| report.best().map(|Ranked { params: Params(params), .. }| params.clone());
    [left, right].into_iter().filter_map(params).flat_map(|params| params.into_keys()).collect()
}

fn revision(code: &crate::domain::sweep::Code) -> String {
    let sha = code.sha.as_ref().map(|sha| format!(" {}", sha.short())).unwrap_or_default();
    format!("{}{sha}", code.reference)
}

fn dash() -> String {
    "–".to_owned()
}

/// A measured value with as many digits as mean something.
fn number(value: f64) -> String {
    const DIGITS: i32 = 5;
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..15).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = usize::try_from(DIGITS - 1 - magnitude).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
