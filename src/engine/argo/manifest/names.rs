//! The labels and annotations by which tunebot knows its workflows, and texts that Kubernetes takes as labels.

/// Which tunebot owns the workflow.
pub const INSTANCE: &str = "tunebot/instance";
pub const SWEEP: &str = "tunebot/sweep";
pub const TRIAL: &str = "tunebot/trial";
pub const TUNING: &str = "tunebot/tuning";
/// A label, `"true"` once the end of the attempt is in tunebot's store.
pub const RECORDED: &str = "tunebot/recorded";
/// Argo's own label for who made a workflow.
pub const CREATOR: &str = "workflows.argoproj.io/creator";
/// Argo's own label for the controller that is to take a workflow.
pub const CONTROLLER_INSTANCE: &str = "workflows.argoproj.io/controller-instanceid";

/// An annotation: the text of the attempt.
pub const ATTEMPT: &str = "tunebot/attempt";
/// An annotation: the same as [`INSTANCE`].
pub const OWNER: &str = "tunebot/owner";
pub const ASKED_BY: &str = "tunebot/asked-by";
pub const REPORT_URL: &str = "tunebot/report-url";
/// An annotation: the Secret that holds the token of the attempt, under the attempt's name.
pub const SECRET: &str = "tunebot/secret";
/// An annotation: `owner/name@commit`.
pub const CODE: &str = "tunebot/code";
/// An annotation of a workflow that searches by itself: where it says what it found.
pub const SEARCH_OUTPUTS: &str = "tunebot/search-outputs";
/// An annotation: when a workflow that was asked to stop is to be ended, RFC 3339.
pub const TERMINATE_AT: &str = "tunebot/terminate-at";

/// An annotation that is written to make Argo's controller look at a workflow again.
pub const NUDGED_AT: &str = "tunebot/nudged-at";

/// What all labels and annotations of tunebot begin with.
pub(in crate::engine::argo) const PREFIX: &str = "tunebot/";

/// Names of Kubernetes objects that are also labels, and values of labels, are no longer than this.
pub(super) const MAX_LABEL: usize = 63;

/// `text` as the value of a label: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, not empty.
pub fn label_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len().min(MAX_LABEL));
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
        let is_edge = value.is_empty() && !c.is_ascii_alphanumeric();
        let is_repeated = c == '-' && value.ends_with('-');
        if !is_edge && !is_repeated {
            value.push(c);
        }
        if value.len() == MAX_LABEL {
            break;
        }
    }
    value.truncate(value.trim_end_matches(['-', '_', '.']).len());
    if value.is_empty() { "unknown".into() } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_and_schedules_become_labels_that_can_still_be_read() {
        let shown: Vec<String> =
            ["@mika", "schedule nightly", "API (ci)", "you", "@Ana_B.c", "@佐藤", "--", ""].map(label_value).into();
        assert_eq!(shown, ["mika", "schedule-nightly", "API-ci", "you", "Ana_B.c", "unknown", "unknown", "unknown"]);
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_valid_label(text in "\\PC{0,100}|[-_.@a-z ]{0,100}") {
            let value = label_value(&text);
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            prop_assert!((1..=63).contains(&value.len()));
            prop_assert!(edge(value.chars().next()) && edge(value.chars().last()));
            prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        }
    }
}
