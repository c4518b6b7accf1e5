//! The known name somebody may have meant by one that is unknown.

/// The known name fewest edits away from `typed`, if it is near enough to be meant.
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = 1 + typed.chars().count() / 3;
    let apart = known.into_iter().map(|name| (distance(typed, name), name));
    apart
        .filter(|(edits, _)| *edits <= near)
        .min()
        .map(|(_, name)| name)
}

/// Edits that lead from one name to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["workflow", "overlays", "agents"];
        assert_eq!(nearest("wrkflow", known), Some("workflow"));
        assert_eq!(nearest("agens", known), Some("agents"));
        assert_eq!(nearest("temperature", known), None);
    }
}
