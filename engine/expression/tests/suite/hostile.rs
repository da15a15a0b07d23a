//! Expressions and values that want to hang the program, fill the memory or break the stack: each ends with a typed error.

use crate::object::{Object, Run as _};
use std::sync::LazyLock;
use syncline_expression::{AttributeKind, Outcome, ProblemKind, Value, complete, equivalent, format, highlight};

/// A megabyte.
const LARGE: usize = 1 << 20;

/// An object with values of every kind that are as large as a directory may hold, and larger.
static OBJECT: LazyLock<Object> = LazyLock::new(|| {
    let numbers = |count: i64| (0..count).map(Value::Number).collect();
    let binary = |bytes: &[u8]| vec![Value::Binary(bytes.to_vec())];
    Object::default()
        .with("n", AttributeKind::Number, false, vec![Value::Number(7)])
        .with("large", AttributeKind::Text, false, vec![Value::Text("xy".repeat(LARGE / 2))])
        .with("many", AttributeKind::Number, true, numbers(250_000))
        .with("some", AttributeKind::Number, true, numbers(1_500))
        .with("few", AttributeKind::Number, true, numbers(40))
        .with(
            "member",
            AttributeKind::Reference,
            true,
            (0..250_000).map(|number| Value::Reference(format!("CN={number},DC=x"))).collect(),
        )
        .with("invalid", AttributeKind::Binary, false, binary(&[0xFF, 0xFE, 0xC0, 0x80, 0xF5]))
        .with("sid", AttributeKind::Binary, false, binary(&[1, 15, 0, 0, 0, 0, 0, 5, 0xFF]))
});

fn now() -> jiff::Timestamp {
    "2024-06-15T12:00:00Z".parse().unwrap()
}

/// The kind of the error, at compile time or while evaluating; a result counts as none.
fn fault(text: &str) -> Option<ProblemKind> {
    match OBJECT.compile(text) {
        Err(problems) => problems.first().map(|problem| problem.kind),
        Ok(program) => OBJECT.run(&program, now()).err().map(|error| error.kind),
    }
}

/// As [`fault`]; tracing must give the same.
fn traced_fault(text: &str) -> Option<ProblemKind> {
    let traced = OBJECT.compile(text).ok().map(|program| OBJECT.run_traced(&program, now()).0);
    let kind = fault(text);
    assert!(traced.is_none_or(|traced| traced.err().map(|error| error.kind) == kind), "tracing changes the result of {text}");
    kind
}

fn check(text: &str, expected: ProblemKind) {
    let shown: String = text.chars().take(200).collect();
    assert_eq!(fault(text), Some(expected), "{shown}");
}

/// The shapes that nest, each with what stands before and behind the inner part.
const SHAPES: [(&str, &str); 9] = [
    ("(", ")"),
    ("-", ""),
    ("- ", ""),
    ("-(", ")"),
    ("Trim(", ")"),
    ("IIF(True,", ",1)"),
    ("With($v,[n],", ")"),
    ("Select($v,[few],", ")"),
    ("1+(False||", ")"),
];

#[test]
fn nesting_stays_within_a_small_stack() {
    // Worker threads have 2 MiB; a quarter of that must do for everything that recurses.
    let small = std::thread::Builder::new().stack_size(512 << 10).spawn(|| {
        for (open, close) in SHAPES {
            for depth in [60, 127, 128, 129, 1_000, 10_000] {
                let text = format!("{}[n]{}", open.repeat(depth), close.repeat(depth));
                let unclosed = open.repeat(depth);
                for text in [text.as_str(), unclosed.as_str()] {
                    highlight(text);
                    complete(text, text.len(), &*OBJECT);
                    if let Ok(formatted) = format(text) {
                        assert!(equivalent(text, &formatted), "{open} {depth}");
                    }
                    let kind = traced_fault(text);
                    let deep = depth > 128 && open != "Select($v,[few],";
                    assert!(!deep || matches!(kind, Some(ProblemKind::Limit)), "{open} {depth}: {kind:?}");
                }
            }
        }
    });
    small.unwrap().join().unwrap();
}

#[test]
fn texts_too_long_are_limits() {
    for text in [
        format!("{}1", " ".repeat(32_768)),
        format!("1{}", "+1".repeat(20_000)),
        format!("Trim({})", "[n],".repeat(10_000)),
        "\"".repeat(40_000),
    ] {
        check(&text, ProblemKind::Limit);
    }
}

#[test]
fn gigabytes_are_never_made() {
    for text in [
        "Replace([large],\"x\",[large])",
        "ReplaceChars([large],\"x:\" & Left([large],1000000))",
        "Join(Select($x,[some],Left([large],1000000)),\",\")",
        "Join(Select($x,[some],\"a\"),[large])",
        "[large] & [large]",
        "Select($x,[some],[large])",
        "Select($x,[some],PadRight($x & \"\",1000000,\"x\"))",
        "With($p,PadLeft(\"\",1000000,\"x\"),Select($x,[some],$p))",
        "With($p,PadLeft(\"\",1000000,\"x\"),Count(Select($x,[some],$p)))",
        "Count(With($l,Select($x,[few],PadLeft(\"\",1000000,\"x\")),With($m,IIF($l<>\"\",$l,\"\"),With($n,IIF($m<>\"\",$m,\"\"),With($o,IIF($n<>\"\",$n,\"\"),With($p,IIF($o<>\"\",$o,\"\"),With($q,IIF($p<>\"\",$p,\"\"),With($r,IIF($q<>\"\",$q,\"\"),$r))))))))",
        "Count(With($l,Select($x,[few],PadLeft(\"\",1000000,\"x\")),Select($x,[some],Count(Where($y,$l,True)))))",
        "Count(With($a,Split([large],\"x\"),With($b,Split([large],\"x\"),With($c,Split([large],\"x\"),Select($x,[some],Count(Split([large],\"x\")))))))",
        "ConvertToUTF8Hex([large])",
        "ConvertToBase64([large])",
        "EscapeDNComponent(Replace([large],\"x\",\",\"))",
        "FormatDateTime(Now(),Replace([large],\"xy\",\"MMMM\"))",
    ] {
        check(text, ProblemKind::Limit);
        assert_eq!(traced_fault(text), Some(ProblemKind::Limit), "{text}");
    }
}

#[test]
fn long_work_ends_with_a_limit() {
    for text in [
        "Count(Select($x,[many],Count(Where($y,[many],$x=$y))))",
        "Count(Select($x,[many],Len([large])))",
        "Count(Select($x,[many],InStr([large],\"z\")))",
        "Count(Select($x,[many],InStr([large],\"z\",1,vbTextCompare)))",
        "Count(Select($x,[many],IIF([large]=Left([large],1048575) & \"x\",1,2)))",
        "Count(Select($x,[many],Word([large],1000000,\"z\")))",
        "Count(Select($x,[many],Contains([member],\"z\")))",
        "Count(Select($x,[many],Count(RemoveDuplicates([some]))))",
        "Count(Select($x,[many],CStr(RegexIsMatch(\"a\",\"[a-z]{50}\" & $x))))",
        "Count(Select($x,[many],CStr(RegexIsMatch(Left([large],400),\"(x|y)*x(x|y){2000}z\"))))",
        "Count(With($l,Select($x,[some],\"\"),Select($x,[many],IsNullOrEmpty($l))))",
        "Count(With($l,Select($x,[few],PadLeft(\"\",50000,\"x\")),Select($y,[many],Contains($l,\"z\",CaseInsensitive))))",
        "Count(With($l,Select($x,[few],PadLeft(\"\",50000,\"x\")),Select($y,[many],Count(Left($l,1)))))",
    ] {
        check(text, ProblemKind::Limit);
    }
}

#[test]
fn large_lists_are_no_fault_in_themselves() {
    for (text, expected) in [
        ("Count([member])", 250_000),
        ("Contains([member], \"CN=249999,DC=x\")", 250_000),
        ("Count(RemoveDuplicates([member]))", 250_000),
        ("Count(Where($n, [many], $n <> 7))", 249_999),
        ("Count(Select($m, [member], CStr($m)))", 250_000),
        ("IIF(IsPresent([member]), ValueCount(\"member\"), 0)", 250_000),
        ("Count(Split([large], \"x\"))", 524_289),
    ] {
        let result = OBJECT.run(&OBJECT.compile(text).unwrap(), now());
        assert_eq!(result, Ok(Outcome::Single(Value::Number(expected))), "{text}");
    }
}

#[test]
fn patterns_that_blow_up_end_with_an_error() {
    for (pattern, expected) in [
        ("(x+x+)+z", None),
        ("(xy|x|y)*z", None),
        ("^(([xy])+.)+[XY]([xy])+$", None),
        ("(x|y)*x(x|y){2000}z", Some(ProblemKind::Limit)),
        ("(x|y)*x(x|y){5000}z", Some(ProblemKind::Limit)),
        ("((x{1,50}){1,50}y?)+z", Some(ProblemKind::Limit)),
        ("((x{100}){100}){100}", Some(ProblemKind::Value)),
        ("\\\\w{5000}", Some(ProblemKind::Value)),
        ("(", Some(ProblemKind::Value)),
        ("(x)\\\\1", Some(ProblemKind::Value)),
    ] {
        assert_eq!(fault(&format!("RegexIsMatch([large],\"{pattern}\")")), expected, "{pattern}");
        // The same pattern when it is known only while evaluating.
        assert_eq!(fault(&format!("RegexIsMatch([large],\"{pattern}\" & Left([large],0))")), expected, "{pattern}");
    }
    check(&format!("RegexIsMatch([large],\"{}\")", "(".repeat(5_000)), ProblemKind::Value);
    check("RegexIsMatch(\"a\",[large])", ProblemKind::Value);
}

#[test]
fn bytes_that_are_no_text_are_values_or_errors() {
    for (text, expected) in [
        ("ConvertFromBase64(ConvertToBase64([invalid]),UTF8)", Ok("\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")),
        ("ConvertFromBase64(ConvertToBase64([invalid]),ASCII)", Ok("?????")),
        ("ConvertFromBase64(ConvertToBase64([invalid]))", Ok("\u{FEFF}\u{80C0}\u{FFFD}")),
        ("ConvertFromUTF8Hex(\"FFC080\")", Ok("\u{FFFD}\u{FFFD}\u{FFFD}")),
        ("ConvertFromUTF8Hex(\"FFC08\")", Err(ProblemKind::Value)),
        ("ConvertFromBase64(\"////=\")", Err(ProblemKind::Value)),
        ("StringFromSid([invalid])", Err(ProblemKind::Value)),
        ("StringFromSid([sid])", Err(ProblemKind::Value)),
        ("StringFromGuid([invalid])", Err(ProblemKind::Value)),
        ("CertIssuer([invalid])", Err(ProblemKind::Value)),
        ("CStr(CNum([invalid] & [invalid]))", Err(ProblemKind::Value)),
        ("CStr(CNum(Left([sid],0) & Mid(Thumbprint([sid]),1,8)))", Err(ProblemKind::Overflow)),
        ("StringFromGuid(CGuid([large]))", Err(ProblemKind::Value)),
    ] {
        let result = OBJECT.run(&OBJECT.compile(text).unwrap(), now()).map_err(|error| error.kind);
        assert_eq!(result, expected.map(|text| Outcome::Single(Value::Text(text.to_owned()))), "{text}");
    }
}

#[test]
fn dates_and_numbers_out_of_range_are_errors() {
    for (text, expected) in [
        ("DateAdd(\"yyyy\",9223372036854775807,Now())", ProblemKind::Value),
        ("DateAdd(\"s\",-9223372036854775808,Now())", ProblemKind::Value),
        ("DateAdd(\"q\",9223372036854775807,Now())", ProblemKind::Value),
        ("DateAdd(\"ww\",-9223372036854775808,Now())", ProblemKind::Value),
        ("DateAdd(\"d\",1,CDate(\"9999-12-31\"))", ProblemKind::Value),
        ("DateAdd(\"n\",-1,CDate(\"0001-01-01\"))", ProblemKind::Value),
        ("DateFromNum(9223372036854775807)", ProblemKind::Value),
        ("DateFromNum(-1)", ProblemKind::Value),
        ("NumFromDate(CDate(\"1600-12-31\"))", ProblemKind::Value),
        ("CDate(\"10000-01-01\")", ProblemKind::Value),
        ("CDate(\"2024-02-30\")", ProblemKind::Value),
        ("CDate(\"0000-00-00\")", ProblemKind::Value),
        ("CDate([large])", ProblemKind::Value),
        ("CNum([large])", ProblemKind::Value),
        ("CNum(\"9223372036854775808\")", ProblemKind::Overflow),
        ("[n]-9223372036854775807-9", ProblemKind::Overflow),
        ("(0-[n]-9223372036854775801)/(6-[n])", ProblemKind::Overflow),
        ("[n]/(7-[n])", ProblemKind::DivideByZero),
        ("CBin([n],9223372036854775807)", ProblemKind::Value),
        ("RandomNum(9223372036854775807,-9223372036854775808)", ProblemKind::Value),
        ("Split([large],\"x\",-9223372036854775808)", ProblemKind::Value),
        ("InStr([large],\"x\",-9223372036854775808)", ProblemKind::Value),
        ("Item([few],9223372036854775807)", ProblemKind::Index),
        ("Item([few],-9223372036854775808)", ProblemKind::Index),
    ] {
        check(text, expected);
    }
}

#[test]
fn extreme_counts_give_what_there_is() {
    for (text, expected) in [
        ("Mid(\"abc\",9223372036854775807,9223372036854775807)", "abc"),
        ("Mid(\"abc\",2,9223372036854775807)", "bc"),
        ("Left(\"abc\",-9223372036854775808)", "abc"),
        ("Right(\"abc\",9223372036854775807)", "abc"),
        ("PadLeft(\"abc\",-9223372036854775808,\"x\")", "abc"),
        ("Word(\"a b\",9223372036854775807,\" \")", ""),
        ("Word([large],1,[large])", ""),
    ] {
        let result = OBJECT.run(&OBJECT.compile(text).unwrap(), now());
        assert_eq!(result, Ok(Outcome::Single(Value::Text(expected.to_owned()))), "{text}");
    }
}

#[test]
fn a_trace_keeps_a_bounded_part() {
    let text = "Count(Select($x, [few], Left([large], 1000000 - $x)))";
    let (result, step) = OBJECT.run_traced(&OBJECT.compile(text).unwrap(), now());
    assert_eq!(result, Ok(Outcome::Single(Value::Number(40))));
    fn kept(step: &syncline_expression::Step) -> usize {
        let own: usize = step.results.iter().map(|result| format!("{result:?}").len()).sum();
        own + step.children.iter().map(kept).sum::<usize>()
    }
    assert!(kept(&step) < 100 << 20, "{}", kept(&step));
    fn all(step: &syncline_expression::Step) -> bool {
        !step.results.is_empty() && step.children.iter().all(all)
    }
    assert!(all(&step), "every part was evaluated and says so");
}
