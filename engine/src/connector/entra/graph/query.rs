//! Addresses below `/v1.0`: options, filters over many values, and how values are written in them.

/// Values of one filter: the service takes fifteen conditions.
pub const FILTER_VALUES: usize = 15;

/// A path with options. Names of options stay as they are, values are encoded.
pub fn address(path: &str, options: &[(&str, &str)]) -> String {
    let options: Vec<String> = options.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if options.is_empty() { path.to_owned() } else { format!("{path}?{}", options.join("&")) }
}

/// `property in ('a','b')`
pub fn one_of<'a>(property: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    format!("{property} in ({})", values.join(","))
}

/// `property eq 'a' or property eq 'b'`, for properties that take no lists.
pub fn any_equal<'a>(property: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<String> = values.into_iter().map(|value| format!("{property} eq {}", quoted(value))).collect();
    parts.join(" or ")
}

/// A text in a filter; a quote stands twice.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'\''
            | b'('
            | b')'
            | b','
            | b'$'
            | b':'
            | b'/'
            | b'='
            | b';' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_an_address() {
        let check = |filter: &str, expected: &str| assert_eq!(address("users", &[("$filter", filter)]), expected);
        check("id eq 'a'", "users?$filter=id%20eq%20'a'");
        check(&one_of("id", ["a+b/c==", "d"]), "users?$filter=id%20in%20('a%2Bb/c==','d')");
        check(&any_equal("x", ["a&b", "c#d"]), "users?$filter=x%20eq%20'a%26b'%20or%20x%20eq%20'c%23d'");
        check(&quoted("o'neill%"), "users?$filter='o''neill%25'");
        check(&quoted("Ä"), "users?$filter='%C3%84'");
        assert_eq!(address("users", &[]), "users");
        assert_eq!(address("users", &[("$select", "id,mail"), ("$top", "9")]), "users?$select=id,mail&$top=9");
    }
}
