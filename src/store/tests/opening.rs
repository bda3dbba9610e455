use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::fixtures::{MINUTE, at, message, ping};
use crate::store::open::MIGRATIONS;
use crate::store::{Accepted, EventResult, EventState, Store, StoreError};

fn store_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("store.db")
}

async fn refusal(path: &Path) -> StoreError {
    Store::open(path).await.err().expect("it must not open")
}

/// The error as people read it, with the test's folder as `/data`.
fn told(error: &StoreError, folder: &tempfile::TempDir) -> String {
    error.to_string().replace(&folder.path().display().to_string(), "/data")
}

async fn connect(path: &Path) -> sqlx::SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn a_store_makes_its_folder_and_survives_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("var/lib/tunebot/store.db");
    let store = Store::open(&path).await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    let key = *store.instance_key().expose_secret();
    store.close().await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.accept(&ping("d1")).await.unwrap(), Accepted::Again { id, done: false });
    assert_eq!(*store.instance_key().expose_secret(), key);
    assert_ne!(key, [0; 32]);
    store.close().await;
}

#[tokio::test]
async fn two_stores_have_two_keys() {
    let (one, other) = (Store::in_memory().await.unwrap(), Store::in_memory().await.unwrap());
    assert_ne!(one.instance_key().expose_secret(), other.instance_key().expose_secret());
}

#[tokio::test]
async fn a_closed_store_says_so_and_its_log_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    store.accept(&ping("d1")).await.unwrap();
    store.close().await;
    store.close().await;
    assert_eq!(store.accept(&ping("d2")).await, Err(StoreError::Closed));
    assert_eq!(store.recent_events(1).await, Err(StoreError::Closed));
    assert!(!folder.path().join("store.db-wal").exists());
}

#[tokio::test]
async fn a_second_server_is_refused_and_told_who_has_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    let error = refusal(&store_in(&folder)).await;
    assert_eq!(error, StoreError::Locked { path: store_in(&folder), pid: Some(std::process::id()) });
    insta::assert_snapshot!(
        told(&error, &folder).replace(&std::process::id().to_string(), "42"),
        @"the store /data/store.db is in use by another tunebot (process 42); stop it first, or give this one a store of its own"
    );
    store.close().await;
    Store::open(&store_in(&folder)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_store_can_be_read_beside_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    let reader = Store::open_read_only(&store_in(&folder)).await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    assert_eq!(reader.event(id).await.unwrap().unwrap().event, ping("d1"));
    assert_eq!(reader.accept(&ping("d2")).await, Err(StoreError::ReadOnly));
    reader.close().await;
    store.close().await;
    let reader = Store::open_read_only(&store_in(&folder)).await.unwrap();
    assert_eq!(reader.recent_events(9).await.unwrap().len(), 1);
    reader.close().await;
}

#[tokio::test]
async fn reading_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open_read_only(&store_in(&folder)).await.err().unwrap();
    insta::assert_snapshot!(
        told(&error, &folder),
        @"there is no store at /data/store.db; `tunebot serve` and `tunebot run` make one"
    );
    assert!(!store_in(&folder).exists());
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Store::open(&store_in(&folder)).await.unwrap().close().await;
    let mut connection = connect(&store_in(&folder)).await;
    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                  VALUES (9000, 'from the future', 1, x'00', 0)";
    sqlx::query(future).execute(&mut connection).await.unwrap();
    drop(connection);
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
    let error = refusal(&store_in(&folder)).await;
    assert_eq!(error, StoreError::NewerSchema { path: store_in(&folder), found: 9000, known });
    assert_eq!(Store::open_read_only(&store_in(&folder)).await.err(), Some(error.clone()));
    insta::assert_snapshot!(
        told(&error, &folder).replace(&format!("up to {known}"), "up to N"),
        @"the store /data/store.db has schema version 9000, and this tunebot knows versions up to N; run the newer tunebot that wrote it, or go back to a backup made before the upgrade"
    );
}

#[tokio::test]
async fn a_store_of_every_older_version_is_upgraded_with_what_is_in_it() {
    let versions: Vec<_> = MIGRATIONS.iter().cloned().collect();
    for known in 1..=versions.len() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&store_in(&folder)).await;
        Migrator::with_migrations(versions[..known].to_vec()).run(&mut connection).await.unwrap();
        let body = serde_json::to_string(&ping("d1")).unwrap();
        let insert = "INSERT INTO events (source, delivery, state, received_at, due_at, body) \
                      VALUES ('github', 'd1', 'ready', 0, 0, $1)";
        sqlx::query(insert).bind(body).execute(&mut connection).await.unwrap();
        write_trials(&mut connection).await;
        drop(connection);
        let store = Store::open(&store_in(&folder)).await.unwrap();
        assert_eq!(store.lease_events(at(0), MINUTE, 9).await.unwrap()[0].event, ping("d1"));
        let trials = store.load_trials(&"old-k3f9q2".parse().unwrap()).await.unwrap();
        let states: Vec<_> = trials.iter().map(|trial| (trial.state.name(), trial.attempt, &trial.steps[..])).collect();
        let steps = &[(1, 0.5)][..];
        assert_eq!(states, [("running", 1, steps), ("pruned", 2, steps)]);
        store.close().await;
        Store::open_read_only(&store_in(&folder)).await.unwrap().close().await;
    }
}

/// A running and a pruned trial as the first version wrote them.
async fn write_trials(connection: &mut sqlx::SqliteConnection) {
    let sweep = "INSERT INTO sweeps (number, id, state, succeeded, tuning, engine, created_at, body) \
                 VALUES (1, 'old-k3f9q2', 'running', 0, 'old', 'local', 0, '{}')";
    sqlx::query(sweep).execute(&mut *connection).await.unwrap();
    for (number, attempt, rank, state) in [(0, 1, 1, "running"), (1, 2, 2, "pruned")] {
        let trial = "INSERT INTO trials (sweep, number, attempt, rank, state, lost_attempts, proposed_at, params, steps) \
                     VALUES (1, $1, $2, $3, $4, 0, 0, '{}', '[[1,0.5]]')";
        let query = sqlx::query(trial).bind(number).bind(attempt).bind(rank).bind(state);
        query.execute(&mut *connection).await.unwrap();
    }
}

#[test]
fn every_migration_of_the_folder_is_in_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut versions: Vec<i64> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_str().unwrap().split_once('_').unwrap().0.parse().unwrap())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, MIGRATIONS.iter().map(|migration| migration.version).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_without_its_schema_cannot_be_read_but_is_made_whole_by_a_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(store_in(&folder), b"").unwrap();
    let error = Store::open_read_only(&store_in(&folder)).await.err().unwrap();
    assert!(matches!(error, StoreError::OlderSchema { found: 0, .. }), "{error}");
    Store::open(&store_in(&folder)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(store_in(&folder), "listen: 127.0.0.1:8080\n").unwrap();
    insta::assert_snapshot!(
        told(&refusal(&store_in(&folder)).await, &folder),
        @"/data/store.db is not a store of tunebot: it is not an SQLite database; name another file in `store.path`, or move this one away"
    );
    assert_eq!(std::fs::read_to_string(store_in(&folder)).unwrap(), "listen: 127.0.0.1:8080\n");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connect(&store_in(&folder)).await;
    sqlx::query("CREATE TABLE bookmarks (url TEXT)").execute(&mut connection).await.unwrap();
    drop(connection);
    insta::assert_snapshot!(
        told(&refusal(&store_in(&folder)).await, &folder),
        @"/data/store.db is not a store of tunebot: it is another program's database (it has a table `bookmarks`); name another file in `store.path`, or move this one away"
    );
}

#[tokio::test]
async fn a_damaged_store_is_told_with_the_way_to_save_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    store.accept(&ping("d1")).await.unwrap();
    store.close().await;
    // The second half is lost, as after a copy that was broken off.
    let bytes = std::fs::read(store_in(&folder)).unwrap();
    std::fs::write(store_in(&folder), &bytes[..bytes.len() / 2]).unwrap();
    insta::assert_snapshot!(
        told(&refusal(&store_in(&folder)).await, &folder),
        @"the store /data/store.db is damaged: error returned from database: (code: 11) database disk image is malformed; stop tunebot, keep a copy of /data/store.db with its -wal file, then restore a backup, or save what is left with `sqlite3 /data/store.db .recover | sqlite3 recovered.db`"
    );
}

#[tokio::test]
async fn damage_that_is_met_later_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    for number in 0..200 {
        store.accept(&ping(&format!("d{number}"))).await.unwrap();
    }
    store.close().await;
    let mut bytes = std::fs::read(store_in(&folder)).unwrap();
    // Pages beyond the schema and the first ones of the tables.
    let pages = bytes.len() / 4096;
    for page in pages - 4..pages {
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
    }
    std::fs::write(store_in(&folder), &bytes).unwrap();
    let error = match Store::open(&store_in(&folder)).await {
        Err(error) => error,
        Ok(store) => {
            let error = store.recent_events(1000).await.unwrap_err();
            store.close().await;
            error
        }
    };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // A file stands where the folder should be: that stops every user, root too.
    std::fs::write(folder.path().join("var"), "").unwrap();
    let error = refusal(&folder.path().join("var/store.db")).await;
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    // A folder stands where the file should be.
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    let error = refusal(&folder.path().join("taken")).await;
    insta::assert_snapshot!(
        told(&error, &folder),
        @"the store /data/taken cannot be written: Is a directory (os error 21); check that this user owns the folder and that it is not mounted read-only"
    );
}

#[tokio::test]
async fn what_is_acknowledged_is_in_a_copy_taken_at_that_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    let copies = tempfile::tempdir().unwrap();
    for number in 0..20 {
        let event = ping(&format!("d{number}"));
        let id = store.accept(&event).await.unwrap().id();
        // As the disk would be found if the machine stopped now.
        let copy = copies.path().join(format!("{number}.db"));
        std::fs::copy(store_in(&folder), &copy).unwrap();
        std::fs::copy(folder.path().join("store.db-wal"), copies.path().join(format!("{number}.db-wal"))).unwrap();
        let found = Store::open(&copy).await.unwrap();
        assert_eq!(found.event(id).await.unwrap().unwrap().event, event);
        assert_eq!(found.recent_events(99).await.unwrap().len(), number + 1);
        found.close().await;
    }
    store.close().await;
}

#[tokio::test]
async fn a_restart_voids_leases_and_remembers_that_effects_may_have_been_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&folder)).await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    let other = store.accept(&ping("d2")).await.unwrap().id();
    let effects = vec![message("m", "hello", at(0))];
    store.finish_event(other, EventResult { effects, ..EventResult::default() }).await.unwrap();
    store.lease_events(at(0), MINUTE, 9).await.unwrap();
    let lane = store.lanes().await.unwrap().remove(0);
    assert!(!store.lease_effects(&lane, at(0), MINUTE, 9).await.unwrap()[0].perhaps_done);
    store.close().await;

    let store = Store::open(&store_in(&folder)).await.unwrap();
    assert_eq!(store.event(id).await.unwrap().unwrap().state, EventState::Ready);
    let events = store.lease_events(at(1), MINUTE, 9).await.unwrap();
    assert_eq!((events.len(), events[0].attempts), (1, 2));
    let effects = store.lease_effects(&lane, at(1), MINUTE, 9).await.unwrap();
    assert_eq!((effects.len(), effects[0].attempts, effects[0].perhaps_done), (1, 2, true));
    store.close().await;
}

#[tokio::test]
async fn a_new_store_is_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path).await.unwrap();
    store.ping().await.unwrap();
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_lock_that_is_let_go_within_a_moment_is_no_second_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tunebot.db");
    let first = Store::open(&path).await.unwrap();
    let (opened, ()) = tokio::join!(Store::open(&path), first.close());
    opened.unwrap();
}
