//! What keeps tunebot from starting: an exit code, and a text that says what to do.

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::scene::{Scene, printed};
use crate::support::config::{ConfigFolder, Tuning};
use crate::support::server::run;
use crate::support::slack::FakeSlack;

fn quadratic() -> ConfigFolder {
    ConfigFolder::new().tuning("quadratic", Tuning::quadratic())
}

async fn serve(config: &ConfigFolder) -> String {
    let output = run(config, &["serve"]).await;
    assert_ne!(output.status.code(), Some(0));
    printed(config, &output)
}

#[tokio::test]
async fn a_port_in_use() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let config = quadratic().set("/server/listen", address);
    insta::assert_snapshot!(serve(&config).await, @"
    exit code 1
    tunebot: 127.0.0.1:[port] is in use by another program: stop it, or set another server.listen
    ");
}

#[tokio::test]
async fn missing_secrets_and_other_errors_of_the_configuration() {
    let slack = FakeSlack::start().await;
    let config = quadratic()
        .slack(&slack)
        .without_variable("SLACK_SIGNING_SECRET")
        .variable("SLACK_BOT_TOKEN", "")
        .set("/tunings/quadratic/limits/paralel", 3);
    insta::assert_snapshot!(serve(&config).await, @r#"
    exit code 1
    tunebot: the configuration has errors

    [folder]/config/tunebot.yaml:29:14  slack.bot_token.env: the environment variable `SLACK_BOT_TOKEN` is empty
        29 |       "env": "SLACK_BOT_TOKEN"
           |              ^^^^^^^^^^^^^^^^^
    [folder]/config/tunebot.yaml:38:16  slack.signing_secrets[0].env: the environment has no variable `SLACK_SIGNING_SECRET`
        38 |         "env": "SLACK_SIGNING_SECRET"
           |                ^^^^^^^^^^^^^^^^^^^^^^
    [folder]/config/tunebot.yaml:60:9  tunings.quadratic.limits.paralel: `paralel` is not a field here
        60 |         "paralel": 3,
           |         ^^^^^^^^^ did you mean `parallel`?
    3 errors
    "#);
    let nobody = quadratic().slack(&slack).set("/slack/signing_secrets", json!([]));
    insta::assert_snapshot!(serve(&nobody).await, @r#"
    exit code 1
    tunebot: the configuration has errors

    [folder]/config/tunebot.yaml:36:5  slack.signing_secrets: at least one secret is needed: Slack signs what it sends with it; or add `app_token`, and it needs no way in
        36 |     "signing_secrets": []
           |     ^^^^^^^^^^^^^^^^^ write a list like [{env: NAME}]
    1 error
    "#);
}

#[tokio::test]
async fn a_store_that_cannot_be_written() {
    let config = quadratic();
    let file = config.root().join("a-file");
    std::fs::write(&file, "not a folder").expect("a file");
    let config = config.set("/store/path", Value::from(file.join("tunebot.db").to_string_lossy()));
    insta::assert_snapshot!(serve(&config).await, @"
    exit code 1
    tunebot: the store cannot be opened: the store [folder]/a-file/tunebot.db cannot be written: File exists (os error 17); check that this user owns the folder and that it is not mounted read-only
    ");
}

#[tokio::test]
async fn a_store_that_is_something_else() {
    let config = quadratic();
    std::fs::write(config.store(), "Dear diary, today I tuned nothing. ".repeat(1_000)).expect("a file");
    insta::assert_snapshot!(serve(&config).await, @"
    exit code 1
    tunebot: the store cannot be opened: [folder]/store/tunebot.db is not a store of tunebot: it is not an SQLite database; name another file in `store.path`, or move this one away
    ");
}

#[tokio::test]
async fn a_store_that_another_tunebot_has() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    let output = scene.tunebot.run(&["serve"]).await;
    let text = printed(scene.tunebot.config(), &output);
    let (before, after) = text.split_once("(process ").expect("the process is named");
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    insta::assert_snapshot!(format!("{before}(process [id]{after}"), @"
    exit code 1
    tunebot: the store cannot be opened: the store [folder]/store/tunebot.db is in use by another tunebot (process [id]); stop it first, or give this one a store of its own
    ");
}

#[tokio::test]
async fn a_store_that_is_damaged() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.tunebot.stop().await;
    let store = scene.tunebot.config().store();
    let mut bytes = std::fs::read(&store).expect("the store");
    // All but its head, which says that it is a database.
    bytes[100..].fill(0xff);
    std::fs::write(&store, bytes).expect("the store");
    insta::assert_snapshot!(serve(scene.tunebot.config()).await, @"
    exit code 1
    tunebot: the store cannot be opened: the store [folder]/store/tunebot.db is damaged: error returned from database: (code: 11) database disk image is malformed; stop tunebot, keep a copy of [folder]/store/tunebot.db with its -wal file, then restore a backup, or save what is left with `sqlite3 [folder]/store/tunebot.db .recover | sqlite3 recovered.db`
    ");
}

#[tokio::test]
async fn a_store_of_a_newer_version() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.tunebot.stop().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(scene.tunebot.config().store());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("the store");
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (4711, 'tomorrow', TRUE, x'00', 1)";
    sqlx::query(newer).execute(&mut connection).await.expect("a row");
    sqlx::Connection::close(connection).await.expect("the end");
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let newest = std::fs::read_dir(migrations).expect("the migrations").count();
    let said = serve(scene.tunebot.config()).await.replace(&format!("up to {newest};"), "up to [the newest];");
    insta::assert_snapshot!(said, @"
    exit code 1
    tunebot: the store cannot be opened: the store [folder]/store/tunebot.db has schema version 4711, and this tunebot knows versions up to [the newest]; run the newer tunebot that wrote it, or go back to a backup made before the upgrade
    ");
}
