//! The relational storage of Optuna, as an SQLite file: read with the schema of its versions 3 to 5 (revision `v3.0.0.d`
//! and later), written with that of 5, so that `optuna.load_study` and the dashboard open it.
//!
//! Three things of Optuna are said in another way. Its numbers are 64-bit floats: a whole number beyond 2^53 loses its last
//! digits. It has no conditions: a parameter that is not active is just not there. Its instants have no time zone:
//! version 5 writes UTC, older ones the local time of whoever ran them, for which the local time of this machine is taken.

mod read;
mod write;

pub use read::read;
pub use write::write;

/// The only version of the tables since Alembic took over.
const SCHEMA_VERSION: i64 = 12;
/// Whose schema is written, and whose meaning of instants.
const LIBRARY_VERSION: &str = "5.0.0";
const REVISION: &str = "v3.2.0.a";
/// Revisions whose tables are as they are read here.
const READABLE: [&str; 2] = ["v3.0.0.d", REVISION];

/// The instant, as SQLAlchemy writes it to SQLite.
const INSTANT: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// Before the name of a metric that is no objective, as a user attribute of a trial.
const METRIC: &str = "metric:";
/// Why a trial failed: a user attribute of ours, a system attribute of Optuna.
const REASON: &str = "reason";
const FAIL_REASON: &str = "fail_reason";
const METRIC_NAMES: &str = "study:metric_names";
const CONSTRAINTS: &str = "constraints";
