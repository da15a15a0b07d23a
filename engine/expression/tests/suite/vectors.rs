//! The published test vectors of the expression language.

use std::io::Write as _;
use std::path::Path;
use syncline_expression::vectors::VectorFile;

/// Vectors that are wrong, each with the reason.
const WRONG: [(&str, &str); 0] = [];

#[test]
fn every_vector_passes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/expression-vectors.json");
    let mut file = VectorFile::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    file.vectors.retain(|vector| WRONG.iter().all(|(wrong, _)| *wrong != vector.id));
    let report = file.run();
    // Past the capture of the test harness: the count belongs into every log.
    writeln!(std::io::stderr(), "expression vectors: {report}").unwrap();
    let failures: Vec<String> = report
        .failures()
        .map(|failed| format!("{} {}: expected {}, found {}", failed.id, failed.expression, failed.expected, failed.actual))
        .collect();
    assert!(failures.is_empty(), "{report}\n{}", failures.join("\n"));
    assert!(report.passed() >= 736, "the file holds fewer vectors than expected: {report}");
}
