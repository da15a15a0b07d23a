//! How fast expressions are: every expression of the default rules, on one core, over objects with realistic values.
//!
//! `cargo bench -p syncline-expression` prints one line per expression and the totals; for the most used ones the
//! same logic written by hand in Rust runs beside it. Words after `--` choose the expressions that contain one. Figures of one run can be compared with each other; those of two
//! machines or two runs cannot.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark ends at the first fault, as a test does"
)]

mod by_hand;
mod objects;
mod rules;

use self::objects::{Fixed, Person, people};
use self::rules::{Expression, expressions};
use std::hint::black_box;
use std::time::{Duration, Instant};
use syncline_expression::{Context, Outcome, Program, Source};

/// How long one measurement goes on.
const LONG_ENOUGH: Duration = Duration::from_millis(60);
/// The best of so many measurements counts: other work on the machine only ever makes one slower.
const ROUNDS: usize = 3;

fn main() {
    let people = people();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let mut expressions = expressions();
    expressions.retain(|expression| words.is_empty() || words.iter().any(|word| expression.text.contains(word)));
    let mut lines: Vec<Line> = expressions.iter().map(|expression| measure(expression, &people)).collect();
    lines.sort_by(|left, right| right.expression.uses.cmp(&left.expression.uses).then(right.evaluate.total_cmp(&left.evaluate)));

    println!("{:>5} {:>9} {:>14} {:>11}  expression", "flows", "ns", "evaluations/s", "compile us");
    for line in &lines {
        println!(
            "{:>5} {:>9.0} {:>14.0} {:>11.1}  {}",
            line.expression.uses,
            line.evaluate,
            1e9 / line.evaluate,
            line.compile / 1e3,
            short(&line.expression.text)
        );
    }
    totals(&lines);
    println!();
    compare(&expressions, &people);
}

/// What one expression takes, in nanoseconds.
struct Line<'e> {
    expression: &'e Expression,
    evaluate: f64,
    compile: f64,
}

fn measure<'e>(expression: &'e Expression, people: &[Person]) -> Line<'e> {
    let program = expression.compile();
    let objects: Vec<_> = people.iter().map(|person| person.slots(&program, &expression.schema)).collect();
    let evaluate = nanoseconds(objects.len(), || {
        for object in &objects {
            black_box(run(&program, black_box(object)));
        }
    });
    let compile = nanoseconds(1, || {
        black_box(expression.compile());
    });
    Line { expression, evaluate, compile }
}

fn run(program: &Program, object: &dyn Source) -> Option<Outcome> {
    let context = Context { parameters: &Fixed, now: objects::now(), random: &Fixed };
    program.evaluate(object, &context).ok()
}

/// Nanoseconds for one of the `items` that `work` handles: the best of a few rounds.
fn nanoseconds(items: usize, mut work: impl FnMut()) -> f64 {
    work();
    (0..ROUNDS).map(|_| round(items, &mut work)).fold(f64::INFINITY, f64::min)
}

fn round(items: usize, work: &mut impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut done = 0_usize;
    while began.elapsed() < LONG_ENOUGH / ROUNDS as u32 {
        for _ in 0..16 {
            work();
        }
        done += 16 * items;
    }
    began.elapsed().as_nanos() as f64 / done as f64
}

fn totals(lines: &[Line<'_>]) {
    let flows: usize = lines.iter().map(|line| line.expression.uses).sum();
    let each: f64 = lines.iter().map(|line| line.evaluate).sum::<f64>() / lines.len() as f64;
    let weighted: f64 = lines.iter().map(|line| line.evaluate * line.expression.uses as f64).sum::<f64>() / flows as f64;
    let compile: f64 = lines.iter().map(|line| line.compile).sum();
    println!();
    println!("{} expressions in {flows} flows", lines.len());
    println!("every expression equally often: {each:.0} ns, {:.0} evaluations/s", 1e9 / each);
    println!("as often as flows use it:       {weighted:.0} ns, {:.0} evaluations/s", 1e9 / weighted);
    println!("compiling all of them once:     {:.2} ms, {:.1} us each", compile / 1e6, compile / 1e3 / lines.len() as f64);
}

/// The same logic by hand and as an expression, in turns.
fn compare(expressions: &[Expression], people: &[Person]) {
    println!("{:>9} {:>9} {:>6}  most used, against the same logic by hand", "ns", "by hand", "times");
    for (text, by_hand) in by_hand::MOST_USED {
        let Some(expression) = expressions.iter().find(|expression| expression.text == *text) else { continue };
        let program = expression.compile();
        let objects: Vec<_> = people.iter().map(|person| person.slots(&program, &expression.schema)).collect();
        for object in &objects {
            assert_eq!(run(&program, object), Some(by_hand(object)), "{text}");
        }
        let (mut evaluated, mut written) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            evaluated = evaluated.min(nanoseconds(objects.len(), || {
                for object in &objects {
                    black_box(run(&program, black_box(object)));
                }
            }));
            written = written.min(nanoseconds(objects.len(), || {
                for object in &objects {
                    black_box(by_hand(black_box(object)));
                }
            }));
        }
        println!("{evaluated:>9.0} {written:>9.0} {:>6.2}  {}", evaluated / written, short(text));
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 90 { line } else { line.chars().take(89).chain(['…']).collect() }
}
