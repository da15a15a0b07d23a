//! Progress of runs: bars on a terminal, lines elsewhere, nothing for programs.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use syncline_engine::model::RunId;
use syncline_engine::service::{Engine, EngineEvent, RunProgress, RunSummary};

use super::exit::Failure;
use super::output::{Format, Output, say};
use super::{json, text};

/// Shows what the engine does until it is finished or dropped.
#[derive(Debug)]
pub struct Reporter {
    /// Closing it ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Begins to listen. Called before the work is started, so that nothing is missed.
    ///
    /// # Errors
    /// [`Failure`] when no thread can be started.
    pub fn start(engine: &Engine, output: &Output) -> Result<Self, Failure> {
        let display: Box<dyn Display + Send> = match output.format {
            Format::JsonLines => Box::new(JsonLines),
            Format::Text if !output.quiet && std::io::stderr().is_terminal() => Box::new(Bars::default()),
            Format::Text if !output.quiet => Box::new(Lines),
            Format::Text | Format::Json => return Ok(Self { stop: None, thread: None }),
        };
        let events = engine.subscribe();
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new().name("progress".into()).spawn(move || listen(&events, &stopped, display))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Shows what is left and ends.
    pub fn finish(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A display that failed has nothing to tell the result.
            thread.join().ok();
        }
    }
}

/// Hands events to the display until told to stop.
fn listen(events: &Receiver<EngineEvent>, stopped: &Receiver<()>, mut display: Box<dyn Display + Send>) {
    loop {
        select! {
            recv(events) -> event => match event {
                Ok(event) => display.show(&event),
                Err(_) => return,
            },
            recv(stopped) -> _ => {
                events.try_iter().for_each(|event| display.show(&event));
                return;
            }
        }
    }
}

/// A way to show events.
trait Display {
    fn show(&mut self, event: &EngineEvent);
}

/// One line per beginning and end of a run.
struct Lines;

impl Display for Lines {
    fn show(&mut self, event: &EngineEvent) {
        if let Some(line) = line(event) {
            say(&line);
        }
    }
}

/// One object per ended run.
struct JsonLines;

impl Display for JsonLines {
    fn show(&mut self, event: &EngineEvent) {
        if let EngineEvent::RunFinished(run) = event
            && let Ok(run) = json::data(run)
        {
            super::output::write_event(&json!({ "event": "runFinished", "run": run }));
        }
    }
}

/// One bar per run, and a line when it ends.
#[derive(Default)]
struct Bars {
    screen: MultiProgress,
    bars: BTreeMap<RunId, ProgressBar>,
}

impl Display for Bars {
    fn show(&mut self, event: &EngineEvent) {
        match event {
            EngineEvent::Progress(progress) => {
                let bar = self.bars.entry(progress.run).or_insert_with(|| self.screen.add(ProgressBar::no_length()));
                bar.set_style(style(progress.total.is_some()));
                bar.set_prefix(text::safe(&format!("{}: {}", progress.connector, progress.step_type)));
                if let Some(total) = progress.total {
                    bar.set_length(total);
                }
                bar.set_position(progress.done);
                bar.set_message(message(progress));
            }
            EngineEvent::RunFinished(run) => {
                if let Some(bar) = self.bars.remove(&run.id) {
                    bar.finish_and_clear();
                }
                // The terminal may be gone; the result is written elsewhere.
                self.screen.println(finished(run)).ok();
            }
            EngineEvent::RunStarted(_)
            | EngineEvent::StepFinished { .. }
            | EngineEvent::CycleFinished(_)
            | EngineEvent::ConfigurationChanged => {}
        }
    }
}

/// A bar when the total is known, else a turning sign.
fn style(known: bool) -> ProgressStyle {
    let template = if known {
        "{prefix}  [{bar:30}] {human_pos}/{human_len}  {per_sec}  {wide_msg}"
    } else {
        "{spinner} {prefix}  {human_pos} objects  {per_sec}  {wide_msg}"
    };
    ProgressStyle::with_template(template)
        .map(|style| style.progress_chars("=> "))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What follows the bar.
fn message(progress: &RunProgress) -> String {
    let mut parts = Vec::new();
    if progress.steps > 1 {
        parts.push(format!("step {}/{}", progress.step, progress.steps));
    }
    if progress.phase != "in-progress" {
        parts.push(progress.phase.clone());
    }
    if progress.errors > 0 {
        parts.push(text::count(progress.errors, "error"));
    }
    text::safe(&parts.join(", "))
}

/// The line for an event, when it deserves one.
fn line(event: &EngineEvent) -> Option<String> {
    match event {
        EngineEvent::RunStarted(run) => Some(text::safe(&format!("{}: {} started (run {})", run.connector, run.profile, run.id))),
        EngineEvent::RunFinished(run) => Some(finished(run)),
        EngineEvent::Progress(_)
        | EngineEvent::StepFinished { .. }
        | EngineEvent::CycleFinished(_)
        | EngineEvent::ConfigurationChanged => None,
    }
}

/// The line for an ended run.
#[must_use]
pub fn finished(run: &RunSummary) -> String {
    let time = run.ended.map(|ended| format!(", {}", text::duration(run.started, ended))).unwrap_or_default();
    text::safe(&format!(
        "{}: {}: {}, {}, {}, {}, {} (run {}{time})",
        run.connector,
        run.profile,
        run.status,
        text::count(run.adds, "add"),
        text::count(run.updates, "update"),
        text::count(run.deletes, "delete"),
        text::count(run.errors, "error"),
        run.id,
    ))
}

#[cfg(test)]
mod tests {
    use syncline_engine::model::ConnectorId;

    use super::*;
    use crate::cli::sample;

    #[test]
    fn lines_tell_beginning_and_end() {
        let run = RunSummary { adds: 445, errors: 1, ..sample::run(3, "contoso.com", "Full Import", "success") };
        let check = |event: EngineEvent, expected: Option<&str>| assert_eq!(line(&event).as_deref(), expected);
        check(EngineEvent::RunStarted(run.clone()), Some("contoso.com: Full Import started (run 3)"));
        check(
            EngineEvent::RunFinished(run),
            Some("contoso.com: Full Import: success, 445 adds, 0 updates, 0 deletes, 1 error (run 3, 2.5 s)"),
        );
        check(EngineEvent::ConfigurationChanged, None);
    }

    #[test]
    fn messages_name_what_is_special() {
        let progress = RunProgress {
            run: RunId(1),
            connector_id: ConnectorId(1),
            connector: "contoso.com".into(),
            profile: "Full Import".into(),
            step: 2,
            steps: 3,
            step_type: "Full Import (Stage Only)".into(),
            phase: "completing-obsoletion".into(),
            done: 10,
            total: None,
            errors: 2,
            current: String::new(),
            counters: BTreeMap::new(),
        };
        assert_eq!(message(&progress), "step 2/3, completing-obsoletion, 2 errors");
        assert_eq!(message(&RunProgress { steps: 1, phase: "in-progress".into(), errors: 0, ..progress }), "");
    }
}
