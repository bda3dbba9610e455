//! "Did you mean": the known word that is nearest to one that is not known.

/// The candidate that `word` is most likely a slip of, if any is near enough.
///
/// Near enough is a Jaro-Winkler similarity of 0.8, or a candidate that begins with `word` (of two letters at least).
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR: f64 = 0.8;
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (similarity(&word, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

fn similarity(word: &str, candidate: &str) -> f64 {
    let begins = word.len() >= 2 && candidate.starts_with(word);
    strsim::jaro_winkler(word, candidate).max(if begins { 0.9 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let known = ["resnet", "ranker", "wine", "status"];
        assert_eq!(nearest("resnt", known), Some("resnet"));
        assert_eq!(nearest("stauts", known), Some("status"));
        assert_eq!(nearest("RESNET", known), Some("resnet"));
        assert_eq!(nearest("ra", known), Some("ranker"));
    }

    #[test]
    fn a_word_of_its_own_finds_nothing() {
        assert_eq!(nearest("kubernetes", ["resnet", "wine"]), None);
        assert_eq!(nearest("", ["resnet"]), None);
    }
}
