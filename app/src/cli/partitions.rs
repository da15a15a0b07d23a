//! `syncline connector partitions`, `containers` and `refresh-schema`: what is read from a directory.

use clap::{Args, Subcommand};
use syncline_engine::service::{ContainerVerdict, PartitionView, SchemaRefreshView};

use super::confirm::confirm;
use super::exit::Failure;
use super::output::{Answer, say};
use super::session::Session;
use super::table::Table;
use super::text::{View, safe, yes_no};

/// What has to run after other objects were chosen.
const NEXT: &str = "Now run Full Import, then Delta Synchronization; look through the pending exports before the next export.\n";

/// Verbs of `connector partitions`.
#[derive(Debug, Subcommand)]
pub enum PartitionsCommand {
    /// Show the partitions of a connector and which are read
    Show {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
    },
    /// Select partitions, or unselect them; the run profiles follow
    #[command(after_help = "\
Each run profile gets the steps of a partition that is selected and loses those of one that is
not. Objects of a partition that is not read any more are deleted by the next full import.

Example:
  syncline connector partitions set contoso.com --select DC=emea,DC=contoso,DC=com")]
    Set {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
        /// Partition to be read; may be repeated
        #[arg(long, value_name = "PARTITION", required_unless_present = "unselect")]
        select: Vec<String>,
        /// Partition not to be read any more; may be repeated
        #[arg(long, value_name = "PARTITION")]
        unselect: Vec<String>,
    },
}

/// Verbs of `connector containers`.
#[derive(Debug, Subcommand)]
pub enum ContainersCommand {
    /// Show which containers are read, or whether one object is
    Show {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
        /// Tell whether the object of this name is read
        #[arg(long, value_name = "DN")]
        dn: Option<String>,
    },
    /// List the containers that a directory has below a name: the next level, or all of a file
    List {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
        /// Partition concerned; the first selected one when absent
        #[arg(long, value_name = "PARTITION")]
        partition: Option<String>,
        /// Where to look; the partition itself when absent
        #[arg(long, value_name = "DN")]
        below: Option<String>,
    },
    /// Choose the containers that are read, in place of those chosen before
    #[command(after_help = "\
The most specific container decides: an included one inside of an excluded one is read.
Without --include everything but the excluded containers is read.
Objects of containers that are not read any more are deleted by the next full import.

Examples:
  syncline connector containers set contoso.com --exclude OU=Test,DC=contoso,DC=com
  syncline connector containers set contoso.com --exclude DC=contoso,DC=com --include OU=Corp,DC=contoso,DC=com
  syncline connector containers set contoso.com --all")]
    Set(ContainersArgs),
}

/// Arguments of `connector containers set`.
#[derive(Args, Debug)]
#[group(required = true, multiple = true, id = "containers")]
pub struct ContainersChoice {
    /// Container to be read; may be repeated
    #[arg(long, value_name = "DN")]
    pub include: Vec<String>,
    /// Container to be left out; may be repeated
    #[arg(long, value_name = "DN")]
    pub exclude: Vec<String>,
    /// Read everything
    #[arg(long, conflicts_with_all = ["include", "exclude"])]
    pub all: bool,
}

/// Arguments of `connector containers set`.
#[derive(Args, Debug)]
pub struct ContainersArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Partition concerned; needed when there are several and no container is named
    #[arg(long, value_name = "PARTITION")]
    pub partition: Option<String>,
    /// What is chosen
    #[command(flatten)]
    pub choice: ContainersChoice,
}

/// Arguments of `connector refresh-schema`.
#[derive(Args, Debug)]
pub struct RefreshArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Tell what is different and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Store without asking, also when rules use attributes that go
    #[arg(long, short)]
    pub yes: bool,
}

impl PartitionsCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show { .. } => "connector partitions show",
            Self::Set { .. } => "connector partitions set",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::Show { connector } => {
                let partitions = session.query(|engine| Ok(engine.partitions(connector)?))?;
                Answer::new(&partitions, partitions_table(&partitions, view))
            }
            Self::Set { connector, select, unselect } => {
                let partitions = session.operate(|engine| Ok(engine.select_partitions(connector, select, unselect)?))?;
                Ok(Answer::new(&partitions, partitions_table(&partitions, view))?.hint(NEXT))
            }
        }
    }
}

impl ContainersCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show { .. } => "connector containers show",
            Self::List { .. } => "connector containers list",
            Self::Set(_) => "connector containers set",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Show { connector, dn: None } => {
                let partitions = session.query(|engine| Ok(engine.partitions(connector)?))?;
                Answer::new(&partitions, containers_text(&partitions))
            }
            Self::Show { connector, dn: Some(dn) } => {
                let verdict = session.query(|engine| Ok(engine.container_verdict(connector, dn)?))?;
                Answer::new(&verdict, verdict_text(&verdict, dn))
            }
            Self::List { connector, partition, below } => {
                let level = session.query(|engine| {
                    let known = engine.partitions(connector)?;
                    let first = known.iter().find(|known| known.selected).map(|known| known.name.clone());
                    let partition = partition.clone().or(first).unwrap_or_default();
                    Ok(engine.containers(connector, &partition, below.as_ref().unwrap_or(&partition))?)
                })?;
                let mut text: String = level.names.iter().map(|name| format!("{}\n", safe(name))).collect();
                if text.is_empty() {
                    "It holds no container.\n".clone_into(&mut text);
                }
                Answer::new(&level, text)
            }
            Self::Set(arguments) => {
                let ContainersChoice { include, exclude, .. } = &arguments.choice;
                let partition = arguments.partition.as_deref();
                let partitions = session
                    .operate(|engine| Ok(engine.choose_containers(&arguments.connector, partition, include, exclude)?))?;
                Ok(Answer::new(&partitions, containers_text(&partitions))?.hint(NEXT))
            }
        }
    }
}

/// Answers `connector refresh-schema`.
pub fn refresh_schema(session: &Session, arguments: &RefreshArgs) -> Result<Answer, Failure> {
    let RefreshArgs { connector, dry_run, yes } = arguments;
    session.operate(|engine| {
        let looked = engine.refresh_schema(connector, true, false)?;
        if *dry_run || looked.is_empty() {
            return Answer::new(&looked, refresh_text(&looked));
        }
        if !looked.uses.is_empty() && !yes {
            say(refresh_text(&looked).trim_end());
            confirm("Rules use attributes that are gone. Store the schema anyway?", "--yes", "nothing stored")?;
        }
        let stored = engine.refresh_schema(connector, false, true)?;
        let hint = if stored.full_import.is_some() { "Now run Full Import, then Full Synchronization.\n" } else { "" };
        Ok(Answer::new(&stored, refresh_text(&stored))?.hint(hint))
    })
}

fn partitions_table(partitions: &[PartitionView], view: &View) -> String {
    let mut table = Table::new().texts(["Partition", "Read", "Domain", "Containers"]);
    for partition in partitions {
        let chosen = match (partition.include.len(), partition.exclude.len()) {
            (0, 0) => "all".to_owned(),
            (include, exclude) => format!("{include} included, {exclude} excluded"),
        };
        table.row([partition.name.as_str(), yes_no(partition.selected), yes_no(partition.domain), &chosen]);
    }
    table.render(view.width)
}

fn containers_text(partitions: &[PartitionView]) -> String {
    let mut text = String::new();
    for partition in partitions {
        let state = match (partition.selected, partition.include.is_empty() && partition.exclude.is_empty()) {
            (false, _) => ": not read",
            (true, true) => ": everything",
            (true, false) => "",
        };
        text.push_str(&format!("{}{state}\n", safe(&partition.name)));
        for (word, names) in [("include", &partition.include), ("exclude", &partition.exclude)] {
            for name in names {
                text.push_str(&format!("  {word}  {}\n", safe(name)));
            }
        }
    }
    text
}

fn verdict_text(verdict: &ContainerVerdict, dn: &str) -> String {
    let word = if verdict.selected { "is read" } else { "is not read" };
    let because = match &verdict.container {
        Some(container) => format!(": container {container} decides"),
        None => format!(": no container of the filter of partition {} holds it", verdict.partition),
    };
    format!("{} {word}{}.\n", safe(dn), safe(&because))
}

fn refresh_text(refresh: &SchemaRefreshView) -> String {
    if refresh.is_empty() {
        return "The directory has the schema that is known.\n".to_owned();
    }
    let mut text = String::new();
    let mut section = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            text.push_str(&format!("{title}\n"));
            for line in lines {
                text.push_str(&format!("  {}\n", safe(line)));
            }
        }
    };
    section("New object types", &refresh.types_added);
    section("Object types that are gone", &refresh.types_removed);
    section("Object types that changed", &refresh.types_changed);
    section("New attributes", &refresh.attributes_added);
    section("Attributes that are gone", &refresh.attributes_removed);
    let changed = refresh.attributes_changed.iter();
    let changed: Vec<String> =
        changed.map(|changed| format!("{}: {} before, now {}", changed.name, changed.before, changed.after)).collect();
    section("Attributes that changed", &changed);
    let uses: Vec<String> =
        refresh.uses.iter().map(|used| format!("{}: rule \"{}\", {}", used.attribute, used.rule, used.part)).collect();
    section("Rules that use attributes which are gone", &uses);
    section("Read until now, and not any more", &refresh.unselected);
    if let Some(reason) = &refresh.full_import {
        text.push_str(&format!("Full import and full synchronization needed: {}\n", safe(reason)));
    }
    text.push_str(if refresh.stored { "The schema was stored.\n" } else { "Nothing was stored.\n" });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_listed_below_their_partitions() {
        let partition = |name: &str, selected, include: &[&str], exclude: &[&str]| PartitionView {
            name: name.to_owned(),
            selected,
            domain: true,
            can_import_changes: false,
            include: include.iter().map(|name| (*name).to_owned()).collect(),
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
        };
        let partitions = [
            partition("DC=a", true, &["OU=x,DC=a"], &["DC=a"]),
            partition("DC=b", true, &[], &[]),
            partition("DC=c", false, &[], &[]),
        ];
        assert_eq!(
            containers_text(&partitions),
            "DC=a\n  include  OU=x,DC=a\n  exclude  DC=a\nDC=b: everything\nDC=c: not read\n"
        );
    }
}
