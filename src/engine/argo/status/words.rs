//! Argo's and Kubernetes' messages as people read them: what is known gets plain words, the rest is cut to one line.

/// Characters of a message that are shown.
const MAX: usize = 300;

/// The first line of `text` that says something, at most [`MAX`] characters of it, on one line.
pub(super) fn line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= MAX { line } else { line.chars().take(MAX - 1).chain(['…']).collect() }
}

/// How a container ended, as Argo writes it: `main: OOMKilled (exit code 137): message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContainerEnd<'a> {
    /// Empty where Argo does not say.
    pub container: &'a str,
    pub reason: &'a str,
    pub code: u32,
    pub message: &'a str,
}

impl<'a> ContainerEnd<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let (before, after) = text.split_once(" (exit code ")?;
        let (code, message) = after.split_once(')')?;
        let (container, reason) = before.split_once(": ").unwrap_or(("", before));
        let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let message = message.strip_prefix(':').unwrap_or(message).trim();
        (is_word(container) && is_word(reason)).then_some(())?;
        Some(Self { container, reason, code: code.parse().ok()?, message })
    }

    pub fn is_main(&self) -> bool {
        matches!(self.container, "main" | "")
    }

    /// Nothing is known of how it ended: its node went away under it.
    pub fn vanished(&self) -> bool {
        matches!(self.reason, "ContainerStatusUnknown" | "Unknown")
    }

    fn words(&self) -> String {
        let who = if self.is_main() { "the program".to_owned() } else { format!("its container `{}`", self.container) };
        let what = match (self.reason, self.code) {
            _ if self.vanished() => format!("{who} vanished with its node"),
            ("OOMKilled", _) => format!("{who} used more memory than its limit and was killed (OOMKilled)"),
            (_, 137) => format!("{who} was killed by SIGKILL: did it run out of memory?"),
            (_, 143) => format!("{who} was ended by SIGTERM"),
            ("Error" | "Completed" | "", code) => format!("{who} exited with code {code}"),
            (reason, code) => format!("{who} exited with code {code} ({reason})"),
        };
        if self.message.is_empty() { what } else { format!("{what}: {}", self.message) }
    }
}

/// Why something failed.
pub(super) fn failure(message: &str) -> String {
    let first = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if let Some(end) = ContainerEnd::parse(first) {
        return line(&end.words());
    }
    match first {
        late if is_deadline(late) => "it ran longer than the deadline of its workflow or template".into(),
        "pod deleted" => "its pod was deleted".into(),
        _ => match first.strip_prefix("invalid spec: ") {
            Some(problem) => line(&format!("Argo refuses the workflow: {problem}")),
            None => line(first),
        },
    }
}

pub(super) fn is_deadline(message: &str) -> bool {
    message.contains("exceeded its deadline") || message.contains("longer than the specified deadline")
}

/// What is waited for. `None`: it is on its way.
pub(super) fn waiting(message: &str) -> Option<String> {
    let first = message.lines().map(str::trim).find(|line| !line.is_empty())?;
    let (reason, rest) = first.split_once(": ").unwrap_or((first, ""));
    Some(match reason {
        "PodInitializing" | "ContainerCreating" => return None,
        "Unschedulable" => {
            let why = rest.split(" preemption:").next().unwrap_or(rest).trim();
            line(&joined("no node takes its pod", why.trim_end_matches('.')))
        }
        "ImagePullBackOff" | "ErrImagePull" | "RegistryUnavailable" | "ErrImageNeverPull" | "InvalidImageName" => {
            line(&joined("its image cannot be pulled", rest))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            line(&joined("its container cannot be started", rest))
        }
        _ => known_wait(first).unwrap_or_else(|| line(first)),
    })
}

fn known_wait(message: &str) -> Option<String> {
    if message.starts_with("Workflow processing has been postponed") {
        return Some("the workflow controller runs as many workflows at a time as it may".into());
    }
    let lock = message.strip_prefix("Waiting for ").and_then(|rest| rest.split_once(" lock"))?.0;
    Some(line(&format!("it waits for the lock {lock}")))
}

fn joined(what: &str, why: &str) -> String {
    if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn failures_are_told_in_plain_words() {
        let messages = [
            "main: Error (exit code 1)",
            "Error (exit code 2)",
            "main: OOMKilled (exit code 137)",
            "main: Error (exit code 137)",
            "main: Error (exit code 64): failed to find name in PATH: exec: \"trian\": executable file not found in $PATH",
            "wait: Error (exit code 64): cannot save artifact",
            "Pod was active on the node longer than the specified deadline",
            "Step exceeded its deadline",
            "invalid spec: templates.main.steps[0].train failed to resolve {{inputs.parameters.lr}}",
            "No more retries left",
            "first line\nsecond line",
        ];
        insta::assert_snapshot!(messages.map(failure).join("\n"), @r#"
        the program exited with code 1
        the program exited with code 2
        the program used more memory than its limit and was killed (OOMKilled)
        the program was killed by SIGKILL: did it run out of memory?
        the program exited with code 64: failed to find name in PATH: exec: "trian": executable file not found in $PATH
        its container `wait` exited with code 64: cannot save artifact
        it ran longer than the deadline of its workflow or template
        it ran longer than the deadline of its workflow or template
        Argo refuses the workflow: templates.main.steps[0].train failed to resolve {{inputs.parameters.lr}}
        No more retries left
        first line
        "#);
    }

    #[test]
    fn waits_are_told_in_plain_words() {
        let messages = [
            "Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
            "ImagePullBackOff: Back-off pulling image \"registry.example/train:v9\"",
            "ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example/train:v9\": not found",
            "CreateContainerConfigError: secret \"tunebot-resnet-k3f9q2-0\" not found",
            "Workflow processing has been postponed because too many workflows are already running",
            "Waiting for argo/ConfigMap/limits/gpu lock. Lock status: 0/4",
            "Waiting for a PVC to be created. quota exceeded",
            "Pod auto-restarting due to Evicted: The node had condition: [DiskPressure].",
        ];
        let told: Vec<String> = messages.iter().filter_map(|message| waiting(message)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        no node takes its pod: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu
        its image cannot be pulled: Back-off pulling image "registry.example/train:v9"
        its image cannot be pulled: rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/train:v9": not found
        its container cannot be started: secret "tunebot-resnet-k3f9q2-0" not found
        the workflow controller runs as many workflows at a time as it may
        it waits for the lock argo/ConfigMap/limits/gpu
        Waiting for a PVC to be created. quota exceeded
        Pod auto-restarting due to Evicted: The node had condition: [DiskPressure].
        "#);
    }

    #[test]
    fn a_pod_that_is_being_made_waits_for_nothing() {
        for message in ["", "PodInitializing", "ContainerCreating", " \n "] {
            assert_eq!(waiting(message), None, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn any_message_becomes_one_short_line(message in "(?s).{0,400}|[a-zA-Z: ().0-9]{0,60}|main: Error \\(exit code [0-9]{1,12}\\).{0,400}") {
            for text in [Some(failure(&message)), waiting(&message)].into_iter().flatten() {
                prop_assert!(text.chars().count() <= MAX && !text.contains('\n'), "{text}");
            }
        }
    }
}
