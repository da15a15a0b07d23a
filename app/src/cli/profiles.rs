//! `syncline connector profiles`: run profiles and their steps.

use clap::{Args, Subcommand, ValueEnum};
use syncline_engine::service::{
    ConnectorSummary, LogFileUsage, LogFileView, RunProfileStepView, RunProfileView, shipped_step, step_covers_all,
};

use super::confirm::confirm;
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::View;

/// Verbs of `connector profiles`.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// List the run profiles of a connector with their steps
    List {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
    },
    /// Show the steps of a run profile
    Show(ProfileName),
    /// Add a run profile with one step for each partition
    #[command(after_help = "\
Without --partition there is one step for each selected partition; a synchronization covers
the whole connector space and has one step.

Examples:
  syncline connector profiles add contoso.com \"Import and Synchronize\" --type delta-import-and-delta-synchronization
  syncline connector profiles add contoso.com \"First 100\" --type full-import --object-limit 100")]
    Add(AddArgs),
    /// Change a run profile: its name, or one or all of its steps
    #[command(after_help = "\
Examples:
  syncline connector profiles set contoso.com \"Full Import\" --page-size 1000
  syncline connector profiles set contoso.com \"Full Import\" --step 1 --log-file monday.jsonl --log-file-use create
  syncline connector profiles set contoso.com \"Full Import\" --no-log-file")]
    Set(SetArgs),
    /// Add a step to a run profile
    AddStep(AddStepArgs),
    /// Remove a step from a run profile
    DeleteStep {
        /// The profile
        #[command(flatten)]
        profile: ProfileName,
        /// Number of the step
        #[arg(value_name = "N")]
        step: usize,
    },
    /// Move a step to another place in its run profile
    MoveStep {
        /// The profile
        #[command(flatten)]
        profile: ProfileName,
        /// Number of the step
        #[arg(value_name = "N")]
        step: usize,
        /// Number that it gets
        #[arg(long, value_name = "N")]
        to: usize,
    },
    /// Remove a run profile
    Delete {
        /// The profile
        #[command(flatten)]
        profile: ProfileName,
        /// Remove without asking
        #[arg(long, short)]
        yes: bool,
    },
}

/// A run profile of a connector.
#[derive(Args, Debug)]
pub struct ProfileName {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Name of the run profile
    #[arg(value_name = "PROFILE")]
    pub profile: String,
}

/// Arguments of `connector profiles add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// The profile
    #[command(flatten)]
    pub profile: ProfileName,
    /// What its steps do
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub step_type: StepWord,
    /// Partition of a step; may be repeated
    #[arg(long = "partition", value_name = "PARTITION")]
    pub partitions: Vec<String>,
    /// Sizes and limits of the steps
    #[command(flatten)]
    pub options: StepOptions,
}

/// Arguments of `connector profiles set`.
#[derive(Args, Debug)]
pub struct SetArgs {
    /// The profile
    #[command(flatten)]
    pub profile: ProfileName,
    /// New name of the profile
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Change only this step
    #[arg(long, value_name = "N")]
    pub step: Option<usize>,
    /// What the step does
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub step_type: Option<StepWord>,
    /// Partition of the step
    #[arg(long, value_name = "PARTITION")]
    pub partition: Option<String>,
    /// Sizes and limits of the step
    #[command(flatten)]
    pub options: StepOptions,
    /// Write and read no log file any more
    #[arg(long, conflicts_with = "log_file")]
    pub no_log_file: bool,
}

/// Arguments of `connector profiles add-step`.
#[derive(Args, Debug)]
pub struct AddStepArgs {
    /// The profile
    #[command(flatten)]
    pub profile: ProfileName,
    /// What the step does
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub step_type: StepWord,
    /// Partition of the step; the first selected one when absent
    #[arg(long, value_name = "PARTITION")]
    pub partition: Option<String>,
    /// Number that the step gets; the last one when absent
    #[arg(long, value_name = "N")]
    pub at: Option<usize>,
    /// Sizes and limits of the step
    #[command(flatten)]
    pub options: StepOptions,
}

/// Sizes and limits of a step.
#[derive(Args, Debug, Default)]
pub struct StepOptions {
    /// Objects per batch; 0 lets the engine choose
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u32>,
    /// Objects asked for at a time
    #[arg(long, value_name = "N")]
    pub page_size: Option<u32>,
    /// Seconds to wait for one answer of the directory
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// End the step after so many objects; 0 means never
    #[arg(long, value_name = "N")]
    pub object_limit: Option<u64>,
    /// End the step after so many deletions; 0 means never
    #[arg(long, value_name = "N")]
    pub deletion_limit: Option<u64>,
    /// Name of a log file of an import, in the folder import-logs of the data folder
    #[arg(long, value_name = "NAME")]
    pub log_file: Option<String>,
    /// What happens with the log file
    #[arg(long, value_name = "USE", value_enum, default_value_t = LogWord::Create, requires = "log_file")]
    pub log_file_use: LogWord,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StepWord {
    FullImport,
    DeltaImport,
    FullImportAndDeltaSynchronization,
    FullImportAndFullSynchronization,
    DeltaImportAndDeltaSynchronization,
    FullSynchronization,
    DeltaSynchronization,
    Export,
}

impl StepWord {
    fn label(self) -> &'static str {
        match self {
            Self::FullImport => "Full Import (Stage Only)",
            Self::DeltaImport => "Delta Import (Stage Only)",
            Self::FullImportAndDeltaSynchronization => "Full Import and Delta Synchronization",
            Self::FullImportAndFullSynchronization => "Full Import and Full Synchronization",
            Self::DeltaImportAndDeltaSynchronization => "Delta Import and Delta Synchronization",
            Self::FullSynchronization => "Full Synchronization",
            Self::DeltaSynchronization => "Delta Synchronization",
            Self::Export => "Export",
        }
    }

    /// Sizes as in the shipped profiles.
    fn step(self, partition: &str) -> Result<RunProfileStepView, Failure> {
        shipped_step(self.label(), partition).ok_or_else(|| Failure::invalid(format!("{} is no type of a step", self.label())))
    }
}

/// What happens with a log file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogWord {
    /// Write what the directory hands over, and stage it
    #[default]
    Create,
    /// Write what the directory hands over, and stage nothing
    CreateAndStop,
    /// Stage what the file holds, without the directory
    Resume,
}

impl From<LogWord> for LogFileUsage {
    fn from(word: LogWord) -> Self {
        match word {
            LogWord::Create => Self::Create,
            LogWord::CreateAndStop => Self::CreateAndStop,
            LogWord::Resume => Self::Resume,
        }
    }
}

impl StepOptions {
    fn apply(&self, step: &mut RunProfileStepView) {
        step.batch_size = self.batch_size.unwrap_or(step.batch_size);
        step.page_size = self.page_size.unwrap_or(step.page_size);
        step.timeout_secs = self.timeout.unwrap_or(step.timeout_secs);
        step.object_limit = self.object_limit.unwrap_or(step.object_limit);
        step.deletion_limit = self.deletion_limit.unwrap_or(step.deletion_limit);
        if let Some(name) = &self.log_file {
            step.log_file = Some(LogFileView { name: name.clone(), usage: self.log_file_use.into() });
        }
    }
}

impl ProfilesCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "connector profiles list",
            Self::Show(_) => "connector profiles show",
            Self::Add(_) => "connector profiles add",
            Self::Set(_) => "connector profiles set",
            Self::AddStep(_) => "connector profiles add-step",
            Self::DeleteStep { .. } => "connector profiles delete-step",
            Self::MoveStep { .. } => "connector profiles move-step",
            Self::Delete { .. } => "connector profiles delete",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::List { connector } => {
                let connector = session.query(|engine| Ok(engine.connector(connector)?))?;
                Answer::new(&connector.profiles, table(&connector.profiles, view))
            }
            Self::Show(name) => {
                let connector = session.query(|engine| Ok(engine.connector(&name.connector)?))?;
                let profile = name.find(&connector)?;
                Answer::new(&profile, show(&profile, view))
            }
            Self::Add(arguments) => add(session, arguments),
            Self::Set(arguments) => arguments.profile.edit(session, |_, profile| set(arguments, profile)),
            Self::AddStep(arguments) => arguments.profile.edit(session, |connector, profile| {
                let partition = arguments.partition.as_ref().or(connector.partitions.first()).cloned().unwrap_or_default();
                let mut step = arguments.step_type.step(&partition)?;
                arguments.options.apply(&mut step);
                let place = arguments.at.unwrap_or(profile.steps.len() + 1);
                if place == 0 || place > profile.steps.len() + 1 {
                    return Err(Failure::invalid(format!(
                        "a step cannot get number {place}; choose 1 to {}",
                        profile.steps.len() + 1
                    )));
                }
                profile.steps.insert(place - 1, step);
                Ok(())
            }),
            Self::DeleteStep { profile, step } => profile.edit(session, |_, profile| {
                let place = place(profile, *step)?;
                profile.steps.remove(place);
                Ok(())
            }),
            Self::MoveStep { profile, step, to } => profile.edit(session, |_, profile| {
                let (from, to) = (place(profile, *step)?, place(profile, *to)?);
                let step = profile.steps.remove(from);
                profile.steps.insert(to, step);
                Ok(())
            }),
            Self::Delete { profile, yes } => {
                if !yes {
                    let question = format!("Remove run profile \"{}\" of \"{}\"?", profile.profile, profile.connector);
                    confirm(&question, "--yes", "nothing removed")?;
                }
                let connector = session.operate(|engine| Ok(engine.delete_run_profile(&profile.connector, &profile.profile)?))?;
                Answer::new(&connector.profiles, table(&connector.profiles, view))
            }
        }
    }
}

impl ProfileName {
    /// The profile of a connector.
    fn find(&self, connector: &ConnectorSummary) -> Result<RunProfileView, Failure> {
        let wanted = self.profile.trim();
        connector.profiles.iter().find(|profile| profile.name.eq_ignore_ascii_case(wanted)).cloned().ok_or_else(|| {
            let known = connector.profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("connector \"{}\" has no run profile \"{wanted}\"; its profiles: {known}", connector.name);
            Failure::new(Exit::NotFound, message)
        })
    }

    /// Changes the profile and shows what it is then.
    fn edit(
        &self,
        session: &Session,
        change: impl FnOnce(&ConnectorSummary, &mut RunProfileView) -> Result<(), Failure>,
    ) -> Result<Answer, Failure> {
        session.operate(|engine| {
            let connector = engine.connector(&self.connector)?;
            let mut profile = self.find(&connector)?;
            change(&connector, &mut profile)?;
            let connector = engine.save_run_profile(&self.connector, &profile, Some(&self.profile))?;
            stored(session, &connector, &profile.name)
        })
    }
}

/// Shows a profile as it is stored.
fn stored(session: &Session, connector: &ConnectorSummary, name: &str) -> Result<Answer, Failure> {
    let profile = ProfileName { connector: connector.name.clone(), profile: name.to_owned() }.find(connector)?;
    Answer::new(&profile, show(&profile, &session.output.view))
}

fn add(session: &Session, arguments: &AddArgs) -> Result<Answer, Failure> {
    session.operate(|engine| {
        let connector = engine.connector(&arguments.profile.connector)?;
        let mut partitions = arguments.partitions.clone();
        if partitions.is_empty() {
            partitions.clone_from(&connector.partitions);
            if step_covers_all(arguments.step_type.label()) {
                partitions.truncate(1);
            }
        }
        let step = |partition: &String| {
            let mut step = arguments.step_type.step(partition)?;
            arguments.options.apply(&mut step);
            Ok(step)
        };
        let name = arguments.profile.profile.trim().to_owned();
        let steps = partitions.iter().map(step).collect::<Result<_, Failure>>()?;
        let profile = RunProfileView { name: name.clone(), steps };
        let connector = engine.save_run_profile(&arguments.profile.connector, &profile, None)?;
        stored(session, &connector, &name)
    })
}

fn set(arguments: &SetArgs, profile: &mut RunProfileView) -> Result<(), Failure> {
    let chosen = arguments.step.map(|number| place(profile, number)).transpose()?;
    for (index, step) in profile.steps.iter_mut().enumerate() {
        if chosen.is_some_and(|chosen| chosen != index) {
            continue;
        }
        if let Some(word) = arguments.step_type {
            word.label().clone_into(&mut step.step_type);
        }
        if let Some(partition) = &arguments.partition {
            step.partition.clone_from(partition);
        }
        if arguments.no_log_file {
            step.log_file = None;
        }
        arguments.options.apply(step);
    }
    if let Some(name) = &arguments.name {
        name.trim().clone_into(&mut profile.name);
    }
    Ok(())
}

/// Where a step of a number stands.
fn place(profile: &RunProfileView, number: usize) -> Result<usize, Failure> {
    let place = number.checked_sub(1).filter(|place| *place < profile.steps.len());
    place.ok_or_else(|| {
        let steps = super::text::count(profile.steps.len() as u64, "step");
        Failure::new(Exit::NotFound, format!("run profile \"{}\" has no step {number}; it has {steps}", profile.name))
    })
}

fn show(profile: &RunProfileView, view: &View) -> String {
    let mut text = Pairs::default().add("Run profile", &profile.name).render();
    text.push_str(&table(std::slice::from_ref(profile), view));
    text
}

/// The steps of profiles.
pub fn table(profiles: &[RunProfileView], view: &View) -> String {
    let mut table = Table::new()
        .texts(["Run profile", "Step", "Type", "Partition"])
        .numbers(["Batch size", "Page size", "Timeout"])
        .texts(["Limits and log file"]);
    for profile in profiles {
        for (number, step) in (1u32..).zip(&profile.steps) {
            table.row([
                profile.name.as_str(),
                &number.to_string(),
                &step.step_type,
                &step.partition,
                &step.batch_size.to_string(),
                &step.page_size.to_string(),
                &format!("{} s", step.timeout_secs),
                &limits(step),
            ]);
        }
        if profile.steps.is_empty() {
            table.row([profile.name.as_str(), "", "no steps", "", "", "", "", ""]);
        }
    }
    if table.is_empty() { "No run profiles.\n".to_owned() } else { table.render(view.width) }
}

fn limits(step: &RunProfileStepView) -> String {
    let mut parts = Vec::new();
    if step.object_limit > 0 {
        parts.push(format!("at most {}", super::text::count(step.object_limit, "object")));
    }
    if step.deletion_limit > 0 {
        parts.push(format!("at most {}", super::text::count(step.deletion_limit, "deletion")));
    }
    if let Some(log) = &step.log_file {
        parts.push(match log.usage {
            LogFileUsage::Create => format!("writes {}", log.name),
            LogFileUsage::CreateAndStop => format!("only writes {}", log.name),
            LogFileUsage::Resume => format!("reads {}", log.name),
        });
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;

    #[test]
    fn limits_and_log_files_are_told() {
        let mut step = StepWord::FullImport.step("DC=x").unwrap();
        StepOptions {
            object_limit: Some(1),
            deletion_limit: Some(20),
            log_file: Some("a.jsonl".into()),
            ..StepOptions::default()
        }
        .apply(&mut step);
        assert_eq!(limits(&step), "at most 1 object, at most 20 deletions, writes a.jsonl");
        let profiles = [
            RunProfileView { name: "One".into(), steps: vec![StepWord::Export.step("default").unwrap()] },
            RunProfileView { name: "None".into(), steps: Vec::new() },
        ];
        assert_eq!(
            table(&profiles, &sample::view()),
            "Run profile  Step  Type      Partition  Batch size  Page size  Timeout  Limits and log file\n\
             One          1     Export    default            30        500    120 s\n\
             None               no steps\n"
        );
    }
}
