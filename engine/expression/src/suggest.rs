//! "Did you mean": the nearest known name.

/// The candidate nearest to `name`, when it is near enough to be worth naming.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(name);
    let allowed = (wanted.chars().count() / 4).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let candidate_plain = plain(candidate);
        if candidate_plain.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &candidate_plain);
        if distance <= allowed && best.is_none_or(|(least, held)| (distance, candidate) < (least, held)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters and digits in lower case: case, dots and hyphens do not count as differences.
fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).map(|character| character.to_ascii_lowercase()).collect()
}

fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, character) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(before);
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(*other != character);
            before = change.min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_ignores_case_and_punctuation() {
        let names = ["Forest.LDAP", "Forest.FQDN", "Domain.FQDN"];
        assert_eq!(nearest("ForestLDAP", names.into_iter()), Some("Forest.LDAP"));
        assert_eq!(nearest("domain.fqdn", names.into_iter()), Some("Domain.FQDN"));
        assert_eq!(nearest("Other", names.into_iter()), None);
    }

    #[test]
    fn distance_counts_single_changes() {
        assert_eq!(distance("trim", "trim"), 0);
        assert_eq!(distance("trm", "trim"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
