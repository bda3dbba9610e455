//! Who may command by what the services say of them: teams on GitHub, user groups in Slack.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::slack::{ML_PLATFORM, NOOR, TUNING};
use crate::support::slack_client::SlashCommand;

#[tokio::test]
async fn on_pull_requests_the_members_of_a_team_may() {
    let open_to_team = Tuning::quadratic().set("/access", json!({"github_teams": ["acme/ml-platform"]}));
    let scene = Scene::open(|config| {
        config.tuning("quadratic", open_to_team).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    // Ada may not write to the repository, but is in the team; it is the other way round with noor. Ben is only invited.
    scene.github.team("acme/ml-platform", &["Ada", "pending:ben"]);
    let models = scene.models();
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    let mut said = Vec::new();
    for login in ["ada", "noor", "ben", "stranger"] {
        let event = scene.deliver(&pull.comment(login, "/tune quadratic trials=2")).await;
        said.push(scene.explain(event).await);
    }
    scene.github.revoke_permission("members");
    let event = scene.deliver(&pull.comment("noor", "/tune quadratic trials=2")).await;
    said.push(scene.explain(event).await);
    insta::assert_snapshot!(said.concat(), @"
    1  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2: started (quadratic-ynkyfr): asked for by @ada
    2  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2: refused: You may not start or stop *quadratic* from here: it is open to @acme/ml-platform. Nothing was changed.
    3  [instant]  done  comment created on #1 of acme/models
      comment on #1: refused: @ben may not give commands here: they are for those who may write to acme/models. Nothing was started.
    4  [instant]  done  comment created on #1 of acme/models
      comment on #1: refused: @stranger may not give commands here: they are for those who may write to acme/models. Nothing was started.
    5  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2: refused: You may not start or stop *quadratic* from here: it is open to @acme/ml-platform. Nothing was changed. (It could not be asked at every place: GitHub: cannot read whether noor is in the team acme/ml-platform: HTTP 403 Forbidden: Resource not accessible by integration: give the App (or the token) write access to issues, pull requests and checks, and read access to contents)
    ");
}

async fn open_to_group() -> Scene {
    Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic().set("/access", json!({"slack_groups": [ML_PLATFORM]})))
    })
    .await
}

#[tokio::test]
async fn in_slack_the_members_of_a_user_group_may() {
    let scene = open_to_group().await;
    scene.type_command("quadratic trials=2").await;
    scene.closings(TUNING, 1).await;
    scene.send_command(&SlashCommand::new("quadratic trials=2 seed=2").by(NOOR, "noor")).await;
    let refused = scene.slack.wait_for_text(TUNING, "You may not").await;
    insta::assert_snapshot!(scene.slack.read(|workspace| workspace.shown(&refused)), @"You may not start or stop *quadratic* from here: it is open to certain user groups. Nothing was changed.");
    scene.outbox_is_empty().await;
    assert_eq!(scene.slack.calls("usergroups.users.list"), 1, "an answer is believed for a while");
}

#[tokio::test]
async fn where_slack_does_not_say_who_is_in_a_group_nobody_may() {
    let scene = open_to_group().await;
    scene.slack.revoke_scope("usergroups:read");
    scene.type_command("quadratic trials=2").await;
    let refused = scene.slack.wait_for_text(TUNING, "You may not").await;
    insta::assert_snapshot!(scene.slack.read(|workspace| workspace.shown(&refused)), @"You may not start or stop *quadratic* from here: it is open to certain user groups. Nothing was changed. (It could not be asked at every place: Slack refused usergroups.users.list with missing_scope (usergroups:read))");
    scene.outbox_is_empty().await;
}
