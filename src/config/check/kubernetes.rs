//! Names, labels and quantities as Kubernetes takes them, and names as Argo Workflows does. Checked by form: what exists
//! in a cluster is known to the cluster only.

use super::Checker;
use crate::config::source::Place;

const LONGEST_SUBDOMAIN: usize = 253;
const LONGEST_LABEL: usize = 63;

/// What kind of name is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    /// Of a namespace: an RFC 1123 label.
    Label,
    /// Of most objects: an RFC 1123 subdomain.
    Subdomain,
    /// Of a label, a taint or a resource: `example.com/name`.
    Qualified,
    LabelValue,
    /// Of a parameter of a workflow.
    Argo,
}

impl Name {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Label => text.len() <= LONGEST_LABEL && is_label(text),
            Self::Subdomain => is_subdomain(text),
            Self::Qualified => match text.split_once('/') {
                Some((domain, name)) => is_subdomain(domain) && is_label_value(name),
                None => is_label_value(text),
            },
            Self::LabelValue => text.is_empty() || is_label_value(text),
            Self::Argo => {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            }
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::Label => "use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or a digit",
            Self::Subdomain => {
                "use 1 to 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or a digit"
            }
            Self::Qualified => "write it like name or example.com/name, the name of 1 to 63 letters, digits, - _ and .",
            Self::LabelValue => {
                "use up to 63 letters, digits, - _ and ., beginning and ending with a letter or a digit"
            }
            Self::Argo => "Argo takes letters, digits, - and _",
        }
    }
}

impl Checker<'_> {
    /// Reports a name that is none; `what` says of what it is to be one: "a namespace".
    pub(super) fn kubernetes_name(&mut self, place: &Place<'_>, name: Name, what: &str, text: &str) {
        self.kubernetes_name_on(place, false, name, what, text);
    }

    pub(super) fn kubernetes_key(&mut self, place: &Place<'_>, name: Name, what: &str, text: &str) {
        self.kubernetes_name_on(place, true, name, what, text);
    }

    fn kubernetes_name_on(&mut self, place: &Place<'_>, on_key: bool, name: Name, what: &str, text: &str) {
        if !name.fits(text) {
            let problem = place.problem_on(on_key, format!("`{text}` cannot be {what}"));
            self.problems.push(problem.hint(name.rule()));
        }
    }

    /// An amount of a resource, zero or more.
    pub(super) fn quantity(&mut self, place: &Place<'_>, text: &str) {
        if !is_quantity(text) {
            let problem = place.problem(format!("`{text}` is not a quantity"));
            self.problems.push(problem.hint("write it like 2, 500m, 1.5, 512Mi or 4G"));
        }
    }
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= LONGEST_SUBDOMAIN && text.split('.').all(is_label)
}

fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= LONGEST_LABEL && text.bytes().all(inner) && text.starts_with(edge) && text.ends_with(edge)
}

/// `[+]digits[.digits]` and a suffix: of tens, of twos, or an exponent. A pod takes no negative ones.
fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let is_number = number.bytes().any(|byte| byte.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_suffix = match suffix {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" => true,
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        _ => suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }),
    };
    is_number && is_suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_told_by_their_form() {
        for text in
            ["1", "0", "1.5", ".5", "1.", "+2", "500m", "100n", "5u", "2k", "4G", "1E", "512Mi", "1Ei", "1e3", "1E-3"]
        {
            assert!(is_quantity(text), "{text}");
        }
        for text in
            ["", "-1", "1 Gi", "1GB", "Gi", ".", "1.2.3", "1K", "1mi", "1e", "1e+", "1E3i", "0x10", "1_000", "١"]
        {
            assert!(!is_quantity(text), "{text}");
        }
    }

    #[test]
    fn names_are_told_by_their_form() {
        let long = "a".repeat(63);
        assert!(Name::Label.fits(&long) && !Name::Label.fits(&format!("{long}a")));
        assert!(Name::Label.fits("7up") && !Name::Label.fits("a.b") && !Name::Label.fits("A") && !Name::Label.fits(""));
        assert!(Name::Subdomain.fits("train.v2-x") && !Name::Subdomain.fits("a..b") && !Name::Subdomain.fits("a_b"));
        assert!(
            Name::Subdomain.fits(&[long.as_str(); 3].join(".")) && !Name::Subdomain.fits(&[long.as_str(); 4].join("."))
        );
        assert!(Name::Qualified.fits("nvidia.com/gpu") && Name::Qualified.fits("cpu") && Name::Qualified.fits("A_b.c"));
        assert!(!Name::Qualified.fits("a/b/c") && !Name::Qualified.fits("/gpu") && !Name::Qualified.fits("gpu-"));
        assert!(Name::LabelValue.fits("") && Name::LabelValue.fits("p4d.24xlarge") && !Name::LabelValue.fits("a b"));
        assert!(Name::Argo.fits("learning_rate-2") && !Name::Argo.fits("model.lr") && !Name::Argo.fits(""));
    }
}
