//! How a study begins, and how one that lives in a file goes on.
//!
//! A file says what its study is: the space, the directions, the number of constraints, the seed. Whoever opens it again
//! must mean the same, or is told what differs; a seed may be left out. Who chooses may change: the sampler, its options
//! and the pruner are those of the last `create`, and the file says from which trial on.

use std::path::Path;

use rand::TryRng;
use rand::rngs::SysRng;
use serde::Deserialize;

use crate::domain::metrics::Direction;
use crate::domain::tuning::Search;
use crate::search::History;

use super::fault::{Code, Fault};
use super::journal::{Found, Journal, bad_storage};
use super::request::{Field, Request, excerpt, object};
use super::settings;
use super::space::Vocabulary;
use super::study::Study;

/// The version of the file.
const FORMAT: u32 = 1;
/// Constraint values of each trial beyond which a study is refused.
const MOST_CONSTRAINTS: usize = 10_000;

/// A `create`, checked.
pub(super) struct Plan {
    vocabulary: Vocabulary,
    directions: Vec<Direction>,
    constraints: usize,
    seed: Option<u64>,
    search: Search,
    /// Sampler, options and pruner as members of a JSON object.
    settings: String,
}

/// The first line of a file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Header<'a> {
    #[serde(borrow)]
    tunebot_study: Field<'a>,
    space: Field<'a>,
    directions: Field<'a>,
    constraints: Field<'a>,
    seed: Field<'a>,
}

impl Plan {
    pub fn read(request: &Request) -> Result<Self, Fault> {
        let sampler = request.sampler.given().map_or(r#""auto""#, |raw| raw.get());
        let options = request.sampler_options.given().map_or("{}", |raw| raw.get());
        let pruner = request.pruner.text();
        Ok(Self {
            vocabulary: vocabulary(request.space)?,
            search: settings::search(request.sampler, request.sampler_options, request.pruner)?,
            directions: directions(request.directions)?,
            constraints: constraints(request.constraints)?,
            seed: seed(request.seed)?,
            settings: format!(r#""sampler":{sampler},"sampler_options":{options},"pruner":{pruner}"#),
        })
    }

    /// A new study in memory.
    pub fn begin(self) -> Result<Study, Fault> {
        let seed = self.seed.map_or_else(random_seed, Ok)?;
        Ok(self.study(seed))
    }

    /// The study in a file, which is made if it is not there; was it there?
    pub fn open(mut self, path: &Path) -> Result<(Study, Journal, bool), Fault> {
        let (mut journal, found) = Journal::open(path)?;
        let Found::Study { header, changes } = found else {
            let seed = self.seed.map_or_else(random_seed, Ok)?;
            journal.begin(&self.header(seed))?;
            return Ok((self.study(seed), journal, false));
        };
        let seed = self.same_study(&header).map_err(|problem| bad_storage(path, &problem))?;
        let settings = std::mem::take(&mut self.settings);
        let mut study = self.study(seed);
        let mut last = header;
        journal.replay(changes, |change| {
            if change.op.text() == r#""create""# {
                last = settings_of(change);
            }
            study.repeat(change)
        })?;
        if !last.contains(&settings) {
            journal.append(&format!("{{\"op\":\"create\",{settings}}}\n"), false)?;
        }
        Ok((study, journal, true))
    }

    fn study(self, seed: u64) -> Study {
        let history = History::new(self.vocabulary.space().clone(), self.directions, seed);
        Study::new(self.vocabulary, self.constraints, history, &self.search)
    }

    fn header(&self, seed: u64) -> String {
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let declarations = self.vocabulary.declarations().into_iter();
        let space: Vec<String> = declarations.map(|(name, domain)| format!("{}:{domain}", quote(name))).collect();
        format!(
            "{{\"tunebot_study\":{FORMAT},\"space\":{{{}}},\"directions\":{},\"constraints\":{},\"seed\":{seed},{}}}\n",
            space.join(","),
            names(&self.directions),
            self.constraints,
            self.settings
        )
    }

    /// The seed of the study in the file.
    ///
    /// # Errors
    /// What differs between the study in the file and this one.
    fn same_study(&self, header: &str) -> Result<u64, String> {
        let header: Header = object(header).map_err(|problem| format!("its first line is damaged: {problem}"))?;
        if header.tunebot_study.text() != FORMAT.to_string() {
            let version = excerpt(header.tunebot_study.text());
            return Err(format!("it has the format {version}, and this tunebot reads {FORMAT}: use a newer one"));
        }
        let damaged = |fault: Fault| format!("its first line is damaged: {fault}");
        let theirs = vocabulary(header.space).map_err(damaged)?;
        if let Some(difference) = difference(&theirs, &self.vocabulary) {
            return Err(format!("its study has another space: {difference}"));
        }
        let directions = directions(header.directions).map_err(damaged)?;
        if directions != self.directions {
            let (theirs, ours) = (names(&directions), names(&self.directions));
            return Err(format!("its study has the directions {theirs}, not {ours}"));
        }
        let constraints = constraints(header.constraints).map_err(damaged)?;
        if constraints != self.constraints {
            return Err(format!("its study has the number of constraints {constraints}, not {}", self.constraints));
        }
        let seed = seed(header.seed).map_err(damaged)?.ok_or("its first line is damaged: no seed")?;
        match self.seed {
            Some(other) if other != seed => {
                Err(format!("its study has the seed {seed}, not {other}; leave it out, or name another file"))
            }
            _ => Ok(seed),
        }
    }
}

/// What a file says of sampler, options and pruner.
fn settings_of(change: &Request) -> String {
    let (sampler, options, pruner) = (change.sampler.text(), change.sampler_options.text(), change.pruner.text());
    format!(r#""sampler":{sampler},"sampler_options":{options},"pruner":{pruner}"#)
}

/// The first parameter that is not the same in both.
fn difference(theirs: &Vocabulary, ours: &Vocabulary) -> Option<String> {
    let (theirs, ours) = (theirs.declarations(), ours.declarations());
    let gone =
        theirs.keys().find(|name| !ours.contains_key(*name)).map(|name| format!("{name} is missing in the request"));
    let unlike = || {
        ours.iter().find_map(|(name, here)| match theirs.get(name) {
            None => Some(format!("{name} is not in the file")),
            Some(there) if there != here => {
                Some(format!("{name} is {} in the file and {} in the request", there, here))
            }
            Some(_) => None,
        })
    };
    gone.or_else(unlike)
}

fn vocabulary(field: Field) -> Result<Vocabulary, Fault> {
    let space = field.given().ok_or_else(|| field.wrong("space", "an object of parameters"))?;
    Vocabulary::parse(space.get()).map_err(|problem| Fault::new(Code::BadSpace, problem))
}

fn directions(field: Field) -> Result<Vec<Direction>, Fault> {
    let expected = r#"a list of "minimize" or "maximize", one for each objective"#;
    let directions: Option<Vec<Direction>> = field.read("directions", expected)?;
    let directions = directions.unwrap_or_else(|| vec![Direction::Minimize]);
    if directions.is_empty() { Err(field.wrong("directions", expected)) } else { Ok(directions) }
}

fn constraints(field: Field) -> Result<usize, Fault> {
    Ok(field.integer("constraints", 0..=MOST_CONSTRAINTS)?.unwrap_or(0))
}

/// Of a negative seed the 64 bits.
fn seed(field: Field) -> Result<Option<u64>, Fault> {
    let wide = field.integer("seed", i128::from(i64::MIN)..=i128::from(u64::MAX))?;
    Ok(wide.map(|seed| seed as u64))
}

fn random_seed() -> Result<u64, Fault> {
    let none = |error| Fault::new(Code::Internal, format!("the system gives no random numbers: {error}"));
    SysRng.try_next_u64().map_err(none)
}

/// Directions as JSON.
fn names(directions: &[Direction]) -> String {
    serde_json::to_string(directions).unwrap_or_default()
}
