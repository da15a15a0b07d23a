//! The command line: one file per noun (`operations.md` 10, 11).

mod aad;
mod ad;
mod ad_find;
mod ad_trace;
mod background;
mod config;
mod config_choices;
mod confirm;
mod connector;
mod connector_add;
mod connector_delete;
mod connector_file;
mod connector_selection;
mod connector_set;
mod convert;
pub(crate) mod cs;
mod cs_validate;
pub(crate) mod csv;
mod cycle;
mod deletes;
mod demo;
mod exit;
mod expression;
mod interrupt;
pub(crate) mod json;
mod mv;
mod mv_schema;
mod output;
mod partitions;
mod pending;
mod preview;
mod profiles;
mod progress;
mod rule;
mod run;
mod run_objects;
#[cfg(test)]
mod sample;
mod sandbox;
mod scenario;
pub(crate) mod secret;
mod session;
mod staging;
mod status;
mod table;
mod text;
mod whatif;
mod why;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;

use crate::desktop::{self, DesktopOptions};

use self::exit::{Exit, Failure};
use self::output::{Answer, Format, Output};
use self::session::Session;

/// Free, fast synchronization of Active Directory forests with a cloud tenant.
///
/// Without a command the desktop app opens.
#[derive(Debug, Parser)]
#[command(name = "syncline", version, max_term_width = 110, after_help = HELP)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// In the app: open this object, such as syncline://run/12
    #[arg(long, value_name = "LINK", conflicts_with = "json")]
    pub open: Option<String>,
    /// In the app: open the Synchronization Rules Editor
    #[arg(long, conflicts_with_all = ["json", "open"])]
    pub rules_editor: bool,
    /// The command; the desktop app when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What follows the list of commands.
const HELP: &str = "\
Exit codes:
   0 success                    7 deletion threshold    30 not found
   1 unexpected                 8 canceled              31 invalid value
   2 usage                     20 credentials refused   40 database of a newer version
   3 not a data folder         21 network or TLS
   4 busy                      22 permission            32 changed meanwhile
   5 completed with errors      6 stopped

Examples:
  syncline                                        open the app
  syncline demo                                   try everything with the sample forest
  syncline connector add active-directory --help  connect your own forest
  syncline run start contoso.com \"Full Import\"    run a profile
  syncline cycle start --wait                     import, synchronize, export
  syncline mv search Ada                          find a person in the metaverse
  syncline expression eval 'Len([cn])' --set cn=Ann  try an expression, without a data folder
  syncline sandbox serve ./tenant                 a tenant on its own, for other programs too
  syncline rule export --custom --output r.toml   write your own rules as text";

/// Options of every command.
#[derive(Args, Debug)]
pub struct GlobalOptions {
    /// Data folder [default: a folder of this user]
    #[arg(long, global = true, value_name = "DIR", env = "SYNCLINE_DATA")]
    pub data: Option<PathBuf>,
    /// Answer with one JSON document; commands that wait write one object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no hints
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Show times in UTC (JSON always does)
    #[arg(long, global = true)]
    pub utc: bool,
    /// Log to standard error: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Warn, hide_possible_values = true)]
    pub log: LogLevel,
}

/// Level of log messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// Operations given up
    Error,
    /// Done, but not as asked
    Warn,
    /// Rare events
    Info,
    /// High-level steps
    Debug,
    /// Every object
    Trace,
}

impl LogLevel {
    /// The directive for the log.
    fn directive(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "syncline=debug,syncline_engine=debug,syncline_sandbox=debug,info",
            Self::Trace => "syncline=trace,syncline_engine=trace,syncline_sandbox=trace,info",
        }
    }
}

/// Nouns of the command line.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try it: sample forest and sandbox tenant in a new folder, synchronized
    Demo(demo::DemoArgs),
    /// Show the installation: connectors, metaverse, runs in progress
    Status,
    /// Add, list, show, change and delete connectors
    #[command(subcommand)]
    Connector(connector::ConnectorCommand),
    /// Ask the tenant: try the way to it, show it, list its objects
    #[command(subcommand)]
    Aad(aad::AadCommand),
    /// Ask an Active Directory forest
    #[command(subcommand)]
    Ad(ad::AdCommand),
    /// Convert identifiers: GUID, immutable ID, DN of the tenant, cloud anchor; needs no data folder
    #[command(subcommand)]
    Convert(convert::ConvertCommand),
    /// Take over and write configurations of real servers; choices for the standard rules
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// List, show, change and test synchronization rules
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// Start and stop run profiles, read the run history
    #[command(subcommand)]
    Run(run::RunCommand),
    /// Start synchronization cycles
    #[command(subcommand)]
    Cycle(cycle::CycleCommand),
    /// Protect the tenant from mass deletion: the threshold, and approving once
    #[command(subcommand)]
    Deletes(deletes::DeletesCommand),
    /// Show, begin and end staging mode, in which cycles export nothing
    #[command(subcommand)]
    Staging(staging::StagingCommand),
    /// Search and show connector space objects
    #[command(subcommand)]
    Cs(cs::CsCommand),
    /// Search and show metaverse objects
    #[command(subcommand)]
    Mv(mv::MvCommand),
    /// List what the next export of a connector will send
    Pending(pending::PendingArgs),
    /// Check, format, evaluate and explain expressions; needs no data folder
    #[command(subcommand)]
    Expression(expression::ExpressionCommand),
    /// Make, serve, fill and write down tenants on this computer; needs no data folder
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// Run scenario files: what happens, and what must be true afterwards
    Scenario(scenario::ScenarioArgs),
    /// Tell what a synchronization of everything would do, with other rules too, without doing it
    #[command(name = "whatif")]
    WhatIf(whatif::WhatIfArgs),
    /// Tell why a metaverse attribute has its value
    #[command(subcommand)]
    Why(why::WhyCommand),
    /// Tell why an object is not joined, not in the tenant, or failing
    WhyNot(why::WhyNotArgs),
}

impl Command {
    /// The command's name in JSON answers.
    fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Status => "status",
            Self::Connector(command) => command.name(),
            Self::Aad(command) => command.name(),
            Self::Ad(command) => command.name(),
            Self::Convert(command) => command.name(),
            Self::Config(command) => command.name(),
            Self::Rule(command) => command.name(),
            Self::Run(command) => command.name(),
            Self::Cycle(command) => command.name(),
            Self::Deletes(command) => command.name(),
            Self::Staging(command) => command.name(),
            Self::Cs(command) => command.name(),
            Self::Mv(command) => command.name(),
            Self::Pending(_) => "pending",
            Self::Expression(command) => command.name(),
            Self::Sandbox(command) => command.name(),
            Self::Scenario(_) => "scenario",
            Self::WhatIf(arguments) => arguments.name(),
            Self::Why(command) => command.name(),
            Self::WhyNot(_) => "why-not",
        }
    }

    /// True when the command waits for runs, and so writes one JSON object per line.
    fn waits(&self) -> bool {
        match self {
            Self::Run(command) => command.waits(),
            Self::Cycle(command) => command.waits(),
            Self::Connector(command) => command.waits(),
            Self::Sandbox(command) => command.waits(),
            Self::Demo(_)
            | Self::Status
            | Self::Aad(_)
            | Self::Ad(_)
            | Self::Convert(_)
            | Self::Config(_)
            | Self::Rule(_)
            | Self::Deletes(_)
            | Self::Staging(_)
            | Self::Cs(_)
            | Self::Mv(_)
            | Self::Pending(_)
            | Self::Expression(_)
            | Self::Scenario(_)
            | Self::WhatIf(_)
            | Self::Why(_)
            | Self::WhyNot(_) => false,
        }
    }

    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Demo(arguments) => demo::run(session, arguments),
            Self::Status => status::run(session),
            Self::Connector(command) => command.run(session),
            Self::Aad(command) => command.run(session),
            Self::Ad(command) => command.run(session),
            Self::Convert(command) => command.run(),
            Self::Config(command) => command.run(session),
            Self::Rule(command) => command.run(session),
            Self::Run(command) => command.run(session),
            Self::Cycle(command) => command.run(session),
            Self::Deletes(command) => command.run(session),
            Self::Staging(command) => command.run(session),
            Self::Cs(command) => command.run(session),
            Self::Mv(command) => command.run(session),
            Self::Pending(arguments) => pending::run(session, arguments),
            Self::Expression(command) => command.run(session),
            Self::Sandbox(command) => command.run(session),
            Self::Scenario(arguments) => scenario::run(session, arguments),
            Self::WhatIf(arguments) => arguments.run(session),
            Self::Why(command) => command.run(session),
            Self::WhyNot(arguments) => why::not(session, arguments),
        }
    }
}

/// The whole program: parses the arguments, does what they say, and gives the exit code.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments) as u8,
    };
    start_log(cli.global.log);
    let Some(command) = &cli.command else {
        let rules = cli.rules_editor.then(|| "syncline://window/rules".to_owned());
        return open_app(cli.global.data, cli.open.or(rules)) as u8;
    };
    let session = Session { folder: cli.global.data.clone(), output: output(&cli.global, command) };
    let result = command.run(&session);
    let opens = result.as_ref().ok().and_then(|answer| answer.opens.clone());
    let exit = session.output.finish(result);
    if opens.is_some() && exit == Exit::Success { open_app(opens, None) as u8 } else { exit as u8 }
}

/// How the command answers.
fn output(global: &GlobalOptions, command: &Command) -> Output {
    let format = match (global.json, command.waits()) {
        (false, _) => Format::Text,
        (true, false) => Format::Json,
        (true, true) => Format::JsonLines,
    };
    let zone = if global.utc { TimeZone::UTC } else { TimeZone::system() };
    let view = text::View { width: output::terminal_width(), zone };
    Output { command: command.name(), format, quiet: global.quiet, view }
}

/// Answers wrong arguments, and requests for help or the version.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked || !arguments.iter().any(|argument| argument == "--json") {
        // Nobody may be listening; the exit code tells.
        error.print().ok();
        return if asked { Exit::Success } else { Exit::Usage };
    }
    let message = error.to_string();
    let message = message.trim().trim_start_matches("error: ");
    let failure = Failure::new(Exit::Usage, message);
    output::write_event(&json::failure(&command_words(arguments), &failure));
    Exit::Usage
}

/// The nouns and verbs at the beginning of the arguments.
fn command_words(arguments: &[OsString]) -> String {
    let mut command = Cli::command();
    let mut words = Vec::new();
    for word in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if let Some(inner) = command.find_subcommand(word).cloned() {
            words.push(word);
            command = inner;
        }
    }
    words.join(" ")
}

/// Sends log messages to standard error.
fn start_log(level: LogLevel) {
    let filter = tracing_subscriber::EnvFilter::new(level.directive());
    // A second logger in one process (tests) is left alone.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}

/// Opens the desktop app and waits until it is closed.
fn open_app(folder: Option<PathBuf>, open_link: Option<String>) -> Exit {
    match desktop::run(DesktopOptions { folder, open_link }) {
        Ok(()) => Exit::Success,
        Err(error) => {
            output::say(&format!("error: cannot open the app: {error:#}"));
            Exit::Unexpected
        }
    }
}

/// What to say when a list holds more rows than were shown.
fn more(offset: u64, shown: usize, total: u64, what: &str) -> String {
    let end = offset.saturating_add(shown as u64);
    if end >= total {
        return format!("{}.\n", text::count(total, what));
    }
    format!("{} to {end} of {}; --offset {end} shows more.\n", offset + 1, text::count(total, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_have_the_documented_names() {
        let check = |line: &str, name: &str, waits: bool| {
            let command = parse(line).unwrap().command.unwrap();
            assert_eq!((command.name(), command.waits()), (name, waits), "{line}");
        };
        check("syncline demo --no-window", "demo", false);
        check("syncline status --json", "status", false);
        check("syncline sandbox create t --tenant contoso --domain contoso.com --feature A=on", "sandbox create", false);
        check("syncline sandbox show", "sandbox show", false);
        check("syncline sandbox secret t --client-id c", "sandbox secret", false);
        check("syncline sandbox serve a b --control", "sandbox serve", true);
        check("syncline sandbox load t --file -", "sandbox load", false);
        check("syncline sandbox dump t --output d --replace", "sandbox dump", false);
        check("syncline connector list", "connector list", false);
        check("syncline connector show contoso.com", "connector show", false);
        check("syncline connector stats contoso.com", "connector stats", false);
        check("syncline connector partitions show contoso.com", "connector partitions show", false);
        check("syncline connector partitions set contoso.com --unselect DC=a", "connector partitions set", false);
        check("syncline connector containers show contoso.com --dn CN=a", "connector containers show", false);
        check("syncline connector containers set contoso.com --include OU=a --exclude OU=b", "connector containers set", false);
        check("syncline connector containers set contoso.com --all", "connector containers set", false);
        check("syncline connector containers list contoso.com --below OU=a", "connector containers list", false);
        check("syncline connector selection show contoso.com --all", "connector selection show", false);
        check("syncline connector selection set contoso.com --type user --no-attribute pager", "connector selection set", false);
        check("syncline connector export contoso.com --file a.xml --replace", "connector export", false);
        check("syncline connector import a.xml --dry-run", "connector import", false);
        check("syncline connector update contoso.com --file a.xml --yes", "connector update", false);
        check("syncline connector refresh-schema contoso.com --dry-run", "connector refresh-schema", false);
        check("syncline connector delete contoso.com --dry-run", "connector delete", false);
        check("syncline connector delete contoso.com --space-only --yes", "connector delete", true);
        check("syncline connector profiles list contoso.com", "connector profiles list", false);
        check("syncline connector profiles show contoso.com Export", "connector profiles show", false);
        check(
            "syncline connector profiles add contoso.com One --type full-import --object-limit 5",
            "connector profiles add",
            false,
        );
        check("syncline connector profiles set contoso.com Export --step 1 --deletion-limit 5", "connector profiles set", false);
        check(
            "syncline connector profiles set contoso.com Import --log-file a --log-file-use resume",
            "connector profiles set",
            false,
        );
        check("syncline connector profiles add-step contoso.com One --type export --at 1", "connector profiles add-step", false);
        check("syncline connector profiles delete-step contoso.com One 2", "connector profiles delete-step", false);
        check("syncline connector profiles move-step contoso.com One 2 --to 1", "connector profiles move-step", false);
        check("syncline connector profiles delete contoso.com One --yes", "connector profiles delete", false);
        check(
            "syncline connector add active-directory --name contoso.com --user svc@contoso.com",
            "connector add active-directory",
            false,
        );
        check("syncline connector add file --name contoso.com --path forest.ldif", "connector add file", false);
        check(
            "syncline connector add sandbox --tenant contoso --domain contoso.com --domain contoso.org",
            "connector add sandbox",
            false,
        );
        check("syncline connector set-credential contoso.com --secret-stdin", "connector set-credential", false);
        check(
            "syncline connector set contoso.com --delta usn --server dc1 --server dc2 --any-server yes",
            "connector set",
            false,
        );
        check("syncline aad test", "aad test", false);
        check("syncline aad show --live --attributes --type user", "aad show", false);
        check("syncline aad objects --type user --limit 5", "aad objects", false);
        check("syncline connector add tenant --tenant-id contoso.com --client-id c --cloud china", "connector add tenant", false);
        check("syncline ad check-permissions contoso.com", "ad check-permissions", false);
        check("syncline rule history 50", "rule history", false);
        check("syncline rule restore Sales --version 3 --yes", "rule restore", false);
        check("syncline rule undo --as-of-config 7", "rule undo", false);
        check("syncline rule list --connector contoso.com --inbound --custom --disabled", "rule list", false);
        check("syncline rule show 106 --connector contoso.com", "rule show", false);
        check("syncline rule export 106 107 --output rules.toml", "rule export", false);
        check("syncline rule import a.toml b.toml --dry-run --as-of-config 3", "rule import", false);
        check("syncline rule clone 106 --name Mine --precedence 5 --disable-original", "rule clone", false);
        check("syncline rule enable 106 107", "rule enable", false);
        check("syncline rule disable 106", "rule disable", false);
        check("syncline rule delete 50 --yes", "rule delete", false);
        check("syncline rule test a.json b.json --rules folder", "rule test", false);
        check("syncline ad find contoso.com jane.doe --deleted", "ad find", false);
        check("syncline ad find contoso.com --filter (cn=x) --attribute mail --limit 5", "ad find", false);
        check("syncline ad trace contoso.com --full --below OU=x --out file", "ad trace", false);
        check("syncline ad trace contoso.com --server dc1 --watermark {}", "ad trace", false);
        check("syncline convert immutable-id 88888888-0101-3333-cccc-1234567890cd", "convert immutable-id", false);
        check("syncline convert guid a b", "convert guid", false);
        check("syncline convert aad-dn CN={6162}", "convert aad-dn", false);
        check("syncline convert cloud-anchor User_x", "convert cloud-anchor", false);
        check("syncline rule test a.json --with rules.toml", "rule test", false);
        check("syncline config import-server ./export --map a=b --map c=d --dry-run", "config import-server", false);
        check("syncline config import-server ./export --yes", "config import-server", false);
        check("syncline config server-export ./export", "config server-export", false);
        check("syncline config compare ./active ./staging --json", "config compare", false);
        check("syncline config choices show", "config choices show", false);
        check("syncline config choices set hybrid-exchange=on --dry-run", "config choices set", false);
        check("syncline config rule-script --rule one --rule two", "config rule-script", false);
        check("syncline run start contoso.com Export", "run start", true);
        check("syncline run start contoso.com Export --no-wait", "run start", false);
        check("syncline run list --connector contoso.com --profile Export --limit 5", "run list", false);
        check("syncline run show 12 --step 1", "run show", false);
        check("syncline cs validate contoso.com --dn CN=Ada", "cs validate", false);
        check("syncline run objects 12 --step 1 --counter Updates", "run objects", false);
        check("syncline run stop", "run stop", false);
        check("syncline run status", "run status", false);
        check("syncline run purge --older-than 1.0:0:0", "run purge", false);
        check("syncline run purge --all --offline --yes", "run purge", false);
        check("syncline cycle start", "cycle start", false);
        check("syncline cycle start --policy initial --wait", "cycle start", true);
        check("syncline deletes show", "deletes show", false);
        check("syncline deletes set --threshold 700", "deletes set", false);
        check("syncline deletes set --percent 10", "deletes set", false);
        check("syncline deletes disable", "deletes disable", false);
        check("syncline deletes approve --yes", "deletes approve", false);
        check("syncline staging show", "staging show", false);
        check("syncline staging on", "staging on", false);
        check("syncline staging off --i-am-the-only-active-server", "staging off", false);
        check("syncline cs search contoso.com --scope pending-export --op add --op delete", "cs search", false);
        check("syncline cs show contoso.com --dn CN=Ada", "cs show", false);
        check("syncline cs join contoso.com --dn CN=Ada --mv 5f0c1a34-0000-4000-8000-000000000000", "cs join", false);
        check("syncline cs disconnect contoso.com --dn CN=Ada --explicit", "cs disconnect", false);
        check("syncline mv schema list person", "mv schema list", false);
        check("syncline mv schema show person mail", "mv schema show", false);
        check("syncline mv schema add-type robot --attribute cn", "mv schema add-type", false);
        check("syncline mv schema delete-type robot --dry-run", "mv schema delete-type", false);
        check("syncline mv schema add-attribute person a --type string --indexed", "mv schema add-attribute", false);
        check("syncline mv schema edit-attribute a --indexed no", "mv schema edit-attribute", false);
        check("syncline mv schema remove-attribute person a", "mv schema remove-attribute", false);
        check("syncline mv search Ada --type person --where mail=*", "mv search", false);
        check("syncline mv show 5f0c1a34-0000-4000-8000-000000000000", "mv show", false);
        check("syncline pending contoso.com --format changes --op update", "pending", false);
        check("syncline expression check [mail] --target mail --target-type str --strict", "expression check", false);
        check("syncline expression format --file - --check", "expression format", false);
        check("syncline expression eval [mail] --set mail=a --param P=x --now 2024-06-15T12:00:00Z", "expression eval", false);
        check("syncline expression explain [mail] --connector contoso.com --dn CN=Ada", "expression explain", false);
        check("syncline expression eval [mail] --mv 5f0c1a34-0000-4000-8000-000000000000", "expression eval", false);
        check("syncline expression functions --category text", "expression functions", false);
        check("syncline expression vectors a.json b.json", "expression vectors", false);
        check("syncline scenario one.scenario two.scenario", "scenario", false);
        check("syncline cs preview contoso.com --dn CN=Ada --delta --commit", "cs preview", false);
        check("syncline whatif --rules new.toml --connector contoso.com --delta --format html --out x", "whatif", false);
        check("syncline whatif list", "whatif list", false);
        check("syncline whatif show 3 --format csv", "whatif show", false);
        check("syncline whatif compare 2 3 --limit 5", "whatif compare", false);
        check("syncline whatif delete 2 3", "whatif delete", false);
        check("syncline why mv Ada displayName", "why mv", false);
        check("syncline why-not contoso.com --dn CN=Ada", "why-not", false);
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in ["syncline --json --data /x status", "syncline status --data /x --json"] {
            let cli = parse(line).unwrap();
            assert!(cli.global.json, "{line}");
            assert_eq!(cli.global.data, Some(PathBuf::from("/x")), "{line}");
        }
    }

    #[test]
    fn without_a_command_the_app_opens() {
        let cli = parse("syncline --data /x --open syncline://run/12").unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.open.as_deref(), Some("syncline://run/12"));
    }

    #[test]
    fn broken_arguments_are_refused() {
        for line in [
            "syncline nonsense",
            "syncline run",
            "syncline run start contoso.com",
            "syncline run show twelve",
            "syncline cs search contoso.com --scope everything",
            "syncline mv search --where mail",
            "syncline pending contoso.com --format docx",
            "syncline expression eval",
            "syncline expression eval 1 --file x",
            "syncline expression eval 1 --set mail",
            "syncline expression eval 1 --set mail:text=x",
            "syncline expression eval 1 --dn CN=Ada",
            "syncline expression eval 1 --now yesterday",
            "syncline expression check 1 --target-type str",
            "syncline expression functions --category nothing",
            "syncline expression vectors",
            "syncline convert guid",
            "syncline ad find contoso.com",
            "syncline ad find contoso.com jane --filter (cn=x)",
            "syncline ad trace contoso.com --full --watermark {}",
            "syncline scenario",
            "syncline cycle start --policy weekly",
            "syncline status --password secret",
            "syncline connector add active-directory --name contoso.com",
            "syncline connector add active-directory --name contoso.com --user svc --security ssl",
            "syncline connector add active-directory --name contoso.com --user svc --secret-stdin --secret-file x",
            "syncline connector add active-directory --name contoso.com --user svc --password x",
            "syncline connector add sandbox --domain contoso.com",
            "syncline connector set-credential contoso.com hunter2",
            "syncline rule show",
            "syncline rule import",
            "syncline rule test",
            "syncline rule test a.json --rules mine",
            "syncline rule test a.json --rules folder --with rules.toml",
            "syncline rule list --inbound --outbound",
            "syncline rule clone 106 --precedence first",
            "syncline config import-server",
            "syncline config import-server ./export --map contoso.com",
            "syncline config import-server ./export --map =x",
            "syncline config server-export",
            "syncline config compare",
            "syncline whatif --rules a --config b",
            "syncline whatif --map a=b",
            "syncline whatif --rules a list",
            "syncline whatif show",
            "syncline whatif compare 1",
            "syncline whatif --format docx",
            "syncline why Ada displayName",
            "syncline why-not contoso.com",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn options(command: &clap::Command) -> Vec<String> {
            let own = command.get_arguments().map(|argument| argument.get_id().to_string());
            own.chain(command.get_subcommands().flat_map(options)).collect()
        }
        let suspicious = ["password", "secret", "token", "key", "credential"];
        // They say where the secret is, not what it is.
        let places = ["secret_stdin", "secret_file"];
        for option in options(&Cli::command()).into_iter().filter(|option| !places.contains(&option.as_str())) {
            assert!(!suspicious.iter().any(|word| option.contains(word)), "{option}");
        }
    }

    #[test]
    fn the_command_is_named_even_when_its_arguments_are_wrong() {
        let check = |line: &str, expected: &str| {
            let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(command_words(&arguments), expected, "{line}");
        };
        check("syncline --json run start", "run start");
        check("syncline --json nonsense", "");
        check("syncline cs --json search", "cs search");
    }

    #[test]
    fn lists_tell_how_to_see_more() {
        let check =
            |offset: u64, shown: usize, total: u64, expected: &str| assert_eq!(more(offset, shown, total, "run"), expected);
        check(0, 3, 3, "3 runs.\n");
        check(0, 1, 1, "1 run.\n");
        check(0, 50, 120, "1 to 50 of 120 runs; --offset 50 shows more.\n");
        check(50, 50, 120, "51 to 100 of 120 runs; --offset 100 shows more.\n");
        check(100, 20, 120, "120 runs.\n");
    }
}
