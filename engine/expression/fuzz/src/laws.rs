//! What holds for every text.

use jiff::Timestamp;
use syncline_expression::{
    AttributeKind, CountingRandom, EvaluationError, Outcome, Program, Severity, SourceObject, Target, check as check_text,
    complete, equivalent, format, highlight,
};

/// Longest expression of the language, in characters.
const LONGEST: usize = 32_768;

/// Checks all laws on one text.
pub fn check(text: &str, object: &SourceObject) {
    let parts = highlight(text);
    assert!(parts.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start), "highlights overlap: {text:?}");
    assert!(parts.iter().all(|part| text.get(part.range.clone()).is_some()), "a highlight cuts a character: {text:?}");
    for cursor in [0, text.len() / 2, text.len()] {
        let found = complete(text, cursor, object);
        assert!(found.replace.start <= found.replace.end && found.replace.end <= text.len(), "completion of {text:?}");
    }
    let formatted = format(text).ok();
    if let Some(formatted) = &formatted {
        assert!(equivalent(text, formatted), "formatting changed {text:?} to {formatted:?}");
        assert_eq!(format(formatted).as_ref(), Ok(formatted), "formatting again changes {text:?}");
        assert!(formatted.chars().count() <= LONGEST, "formatting makes {text:?} too long");
    }
    problems(text, object);
    let program = object.compile(text);
    assert_eq!(program.is_err(), check_text(text, object, None).iter().any(|problem| problem.severity == Severity::Error));
    let Ok(program) = program else { return };
    assert!(formatted.is_some(), "{text:?} compiles and cannot be formatted");
    let result = evaluate(object, &program);
    assert_eq!(result, evaluate(object, &program), "not the same twice: {text:?}");
    let (traced, step) = object.trace(&program, Timestamp::UNIX_EPOCH, &CountingRandom::default());
    assert_eq!(result, traced, "tracing changes the result of {text:?}");
    assert!(!step.results.is_empty(), "the whole of {text:?} has no result");
    if let Some(formatted) = formatted {
        let again = object.compile(&formatted).expect("a formatted expression compiles");
        assert_eq!(result.map_err(|error| error.kind), evaluate(object, &again).map_err(|error| error.kind), "{text:?}");
    }
}

fn evaluate(object: &SourceObject, program: &Program) -> Result<Outcome, EvaluationError> {
    object.evaluate(program, Timestamp::UNIX_EPOCH, &CountingRandom::default())
}

/// Every problem is at a place of the text.
fn problems(text: &str, object: &SourceObject) {
    let target = Target { name: "target".into(), kind: AttributeKind::Text, multi_valued: false, max_length: Some(448) };
    let characters = text.chars().count();
    for problem in check_text(text, object, Some(&target)) {
        assert!(problem.offset + problem.length <= characters, "{problem:?} of {text:?}");
        let marked = text.get(problem.range.clone());
        assert!(marked.is_some_and(|marked| marked.chars().count() == problem.length), "{problem:?} of {text:?}");
        assert!(problem.line >= 1 && problem.column >= 1 && !problem.message.is_empty(), "{problem:?} of {text:?}");
    }
}
