//! `syncline run objects`: the objects behind the counters of a run, and what the run did to each.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use syncline_engine::model::RunId;
use syncline_engine::service::{RunChangeView, RunDetails, RunObjectPlace, RunObjectView, StepDetails};

use super::cs::layer;
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::text::{View, count, safe};

/// Arguments of `run objects`.
#[derive(Args, Debug)]
pub struct ObjectsArgs {
    /// Run number
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Only of this step
    #[arg(long, value_name = "N")]
    pub step: Option<u32>,
    /// Only behind this counter: its label (Updates) or its name (stage-update)
    #[arg(long, value_name = "COUNTER")]
    pub counter: Option<String>,
    /// Leave out what the run did to each
    #[arg(long)]
    pub names_only: bool,
    /// Most objects to list of a step
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u64,
    /// Objects of a step to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
}

/// An object as programs see it.
#[derive(Debug, Serialize)]
struct Row {
    step: u32,
    #[serde(flatten)]
    object: RunObjectView,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<RunChangeView>,
}

/// Answers `run objects`.
pub fn run(session: &Session, args: &ObjectsArgs) -> Result<Answer, Failure> {
    let (rows, hints) = session.query(|engine| {
        let run = engine.run(RunId(args.id))?;
        let (mut rows, mut hints) = (Vec::new(), String::new());
        for (step, counters) in wanted(&run, args)? {
            let page = engine.run_objects(run.summary.id, step, &counters, args.offset, args.limit)?;
            hints.push_str(&format!("Step {step}: {}", super::more(args.offset, page.rows.len(), page.total, "object")));
            let places: Vec<RunObjectPlace> = page
                .rows
                .iter()
                .map(|object| RunObjectPlace { counter: object.counter.clone(), number: object.number })
                .collect();
            let kept = if args.names_only { Vec::new() } else { engine.run_changes(run.summary.id, step, &places)? };
            let mut kept = kept.into_iter();
            rows.extend(page.rows.into_iter().map(|object| Row { step, object, kept: kept.next() }));
        }
        Ok((rows, hints))
    })?;
    let text: String = rows.iter().map(|row| told(row, &session.output.view)).collect();
    Ok(Answer::new(&rows, if rows.is_empty() { "No objects.\n".to_owned() } else { text })?.hint(hints))
}

/// The counters of each step whose objects are wanted.
fn wanted(run: &RunDetails, args: &ObjectsArgs) -> Result<Vec<(u32, Vec<String>)>, Failure> {
    let id = run.summary.id;
    let steps: Vec<&StepDetails> =
        run.step_details.iter().filter(|step| args.step.is_none_or(|number| number == step.number)).collect();
    if let (Some(number), true) = (args.step, steps.is_empty()) {
        let has = count(run.step_details.len() as u64, "step");
        return Err(Failure::new(Exit::NotFound, format!("run {id} has no step {number}; it has {has}")));
    }
    let mut known: BTreeMap<&str, ()> = BTreeMap::new();
    let mut found = false;
    let mut wanted = Vec::new();
    for step in steps {
        let mut counters = Vec::new();
        for counter in step.counters.iter().flat_map(|group| &group.counters).filter(|counter| counter.drill_down) {
            for (name, value) in &counter.parts {
                let fits = args.counter.as_deref().is_none_or(|asked| {
                    let plain = name.split_once(':').map_or(name.as_str(), |(_, plain)| plain);
                    [name.as_str(), plain, &counter.label].iter().any(|known| known.eq_ignore_ascii_case(asked))
                });
                found |= fits;
                known.insert(&counter.label, ());
                if fits && *value > 0 && !counters.contains(name) {
                    counters.push(name.clone());
                }
            }
        }
        if !counters.is_empty() {
            wanted.push((step.number, counters));
        }
    }
    match &args.counter {
        Some(asked) if !found => {
            let labels = known.into_keys().collect::<Vec<_>>().join(", ");
            Err(Failure::new(Exit::NotFound, format!("run {id} has no counter \"{asked}\"; its counters: {labels}")))
        }
        _ => Ok(wanted),
    }
}

fn told(row: &Row, view: &View) -> String {
    let mut text = format!("{} ({})\n", safe(&row.object.dn), safe(&row.object.counter));
    let Some(kept) = &row.kept else { return text };
    if kept.gone {
        text.push_str("Object changed since this run: it is gone.\n");
    } else if kept.changed_since {
        text.push_str("Object changed since this run.\n");
    }
    if let Some(change) = &kept.change {
        layer(&mut text, if kept.metaverse { "Metaverse changes" } else { "Changes" }, change, view);
    }
    if !kept.note.is_empty() {
        text.push_str(&format!("{}\n", safe(&kept.note)));
    }
    text.push('\n');
    text
}
