//! Everything a person can ask for by name: one table of text, tooltip, shortcut and availability. Menus, the
//! Actions pane, context menus and tests all use these values.

use egui::{Key, KeyboardShortcut, Modifiers};
use syncline_engine::service::{ConnectorState, ConnectorSummary, CyclePolicy, RunSummary, StatusClass};

use super::command::Command;
use super::role::{Right, Role};
use super::theme::ThemeChoice;

/// The four tabs, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tab {
    /// Log of runs.
    #[default]
    Operations,
    /// Connected directories.
    Connectors,
    /// Types and attributes of the metaverse.
    MetaverseDesigner,
    /// Search for metaverse objects.
    MetaverseSearch,
}

impl Tab {
    /// All tabs in the order shown.
    pub const ALL: [Self; 4] = [Self::Operations, Self::Connectors, Self::MetaverseDesigner, Self::MetaverseSearch];

    /// The text on the tab.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Operations => "Operations",
            Self::Connectors => "Connectors",
            Self::MetaverseDesigner => "Metaverse Designer",
            Self::MetaverseSearch => "Metaverse Search",
        }
    }

    /// The actions of the tab, in the documented order; groups are separated.
    #[must_use]
    pub fn actions(self) -> &'static [&'static [Action]] {
        use Action as A;
        match self {
            Self::Operations => &[
                &[A::Run, A::Stop, A::ClearRuns, A::SaveToFile, A::CopyLink],
                &[A::StartDeltaCycle, A::StartInitialCycle, A::StopCycle],
                &[A::Charts],
            ],
            Self::Connectors => &[
                &[A::CreateConnector, A::ConnectorProperties, A::DeleteConnector],
                &[A::ConfigureRunProfiles, A::Run, A::Stop],
                &[A::ExportConnector, A::ImportConnector, A::UpdateConnector, A::RefreshSchema],
                &[A::SearchConnectorSpace],
                &[A::WhatIf, A::PendingExportReport],
            ],
            Self::MetaverseDesigner => &[
                &[A::CreateObjectType, A::DeleteObjectType],
                &[A::AddAttribute, A::EditAttribute, A::RemoveAttribute],
                &[A::ConfigureAttributeFlowPrecedence, A::ConfigureObjectDeletionRule],
                &[A::CreateRuleForAttribute],
            ],
            Self::MetaverseSearch => &[
                &[A::AddClause, A::Search, A::StopSearch, A::ColumnSettings, A::ObjectProperties, A::CompareObjects],
                &[A::SaveQuery, A::LoadQuery, A::ExportResults],
            ],
        }
    }
}

/// What the person looks at, as far as it decides which actions are possible.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    /// Tab shown.
    pub tab: Tab,
    /// A data folder is open.
    pub workspace: bool,
    /// Connectors.
    pub connectors: Vec<ConnectorSummary>,
    /// Run selected on the Operations tab.
    pub selected_run: Option<RunSummary>,
    /// Name of the connector selected on the Connectors tab.
    pub selected_connector: Option<String>,
    /// Number of metaverse objects selected on the Metaverse Search tab.
    pub objects_selected: usize,
    /// The search on the Metaverse Search tab found objects.
    pub objects_found: bool,
    /// An object type is selected on the Metaverse Designer tab.
    pub type_selected: bool,
    /// An attribute is selected on the Metaverse Designer tab.
    pub attribute_selected: bool,
    /// The rule selected in the rules editor.
    pub selected_rule: Option<SelectedRule>,
    /// A metaverse search is going on.
    pub searching: bool,
    /// Why the search cannot be made, when it cannot.
    pub search_problem: Option<String>,
    /// A run is going on.
    pub running: bool,
    /// Cycles of this server export nothing.
    pub staging: bool,
    /// A cycle that this window started is going on.
    pub cycle: bool,
    /// The Operations tab shows charts in place of the list.
    pub charts: bool,
    /// An object was open before the present one.
    pub back: bool,
    /// An object was open after the present one.
    pub forward: bool,
    /// Theme chosen.
    pub theme: ThemeChoice,
    /// The Actions pane is shown.
    pub actions_pane: bool,
    /// The status bar is shown.
    pub status_bar: bool,
    /// Times are shown in UTC.
    pub utc: bool,
    /// Nothing moves by itself.
    pub reduced_motion: bool,
    /// What the person may do.
    pub role: Role,
}

/// A rule, as far as it decides which actions are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedRule {
    /// Comes with the program.
    pub standard: bool,
    /// Switched on.
    pub enabled: bool,
    /// An administrator's rule stands directly before it.
    pub before: bool,
    /// An administrator's rule stands directly behind it.
    pub behind: bool,
}

impl Situation {
    /// The connector that the present tab's actions concern.
    #[must_use]
    pub fn connector(&self) -> Option<&ConnectorSummary> {
        let name = match self.tab {
            Tab::Operations => &self.selected_run.as_ref()?.connector,
            Tab::Connectors | Tab::MetaverseDesigner | Tab::MetaverseSearch => self.selected_connector.as_ref()?,
        };
        self.connectors.iter().find(|connector| connector.name == *name)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $text:literal, $tooltip:literal;)*) => {
        /// An action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* #[doc = $tooltip] $name,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The text of the menu item, link or button.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// One sentence on what it does.
            #[must_use]
            pub fn tooltip(self) -> &'static str {
                match self { $(Self::$name => $tooltip,)* }
            }
        }
    };
}

actions! {
    OpenDataFolder: "Open Data Folder...", "Go to the welcome page to open another data folder.";
    ExportServerConfiguration: "Export Server Configuration...", "Write connectors, rules and metaverse to a folder.";
    ImportServerConfiguration: "Import Server Configuration...", "Read connectors, rules and metaverse from a folder.";
    CompareConfigurations: "Compare Configurations...", "Tell in what two exported configurations differ, or this one and an export.";
    SaveRunHistoryAs: "Save Run History As...", "Write the run history to a file.";
    Exit: "Exit", "Close the window. Runs that go on are stopped.";
    ShowOperations: "Operations", "Show the log of runs.";
    ShowConnectors: "Connectors", "Show the connected directories.";
    ShowMetaverseDesigner: "Metaverse Designer", "Show types and attributes of the metaverse.";
    ShowMetaverseSearch: "Metaverse Search", "Search for metaverse objects.";
    RulesEditor: "Synchronization Rules Editor", "View and change the synchronization rules.";
    ConfigurationWizard: "Configuration Wizard...", "Add directories and change options step by step.";
    Scheduler: "Scheduler...", "Cycles, deletion threshold, staging and maintenance.";
    Options: "Options...", "Theme, zoom, time zone and other settings of the app.";
    Refresh: "Refresh", "Read everything shown again.";
    FindAnything: "Find Anything...", "Search connectors, objects, rules and runs at once.";
    Back: "Back", "Go to the object that was open before.";
    Forward: "Forward", "Go to the object that was open after this one.";
    ColumnSettings: "Column Settings...", "Choose the columns of the list, their order, and what it is sorted by.";
    ExportGrid: "Export Grid As...", "Write the list to a file, as it is filtered and sorted: CSV, JSON or XML.";
    ThemeSystem: "System", "Light or dark as the operating system.";
    ThemeLight: "Light", "Light theme.";
    ThemeDark: "Dark", "Dark theme.";
    ZoomIn: "Zoom In", "Show everything larger.";
    ZoomOut: "Zoom Out", "Show everything smaller.";
    ZoomReset: "Reset Zoom", "Show everything at its normal size.";
    ToggleActionsPane: "Show Actions Pane", "Show or hide the pane at the right.";
    ToggleStatusBar: "Show Status Bar", "Show or hide the bar at the bottom.";
    ToggleMotion: "Reduce Motion", "Let nothing fade or slide.";
    TimeZoneLocal: "Local", "Show times of this computer's zone.";
    TimeZoneUtc: "UTC", "Show times in UTC.";
    Contents: "Contents", "Read the manual.";
    KeyboardShortcuts: "Keyboard Shortcuts", "List all shortcuts.";
    OpenLogFolder: "Open Log Folder", "Show the folder with the log files.";
    About: "About", "Version and licence.";
    Run: "Run...", "Start a run profile of the connector.";
    Stop: "Stop", "End the run after the batch in progress; what is committed stays.";
    ClearRuns: "Clear Runs...", "Remove runs from the history.";
    SaveToFile: "Save to File...", "Write the selected run to a file.";
    CopyLink: "Copy Link", "Copy a link that opens the selected run.";
    StartDeltaCycle: "Start Delta Cycle", "Import changes, synchronize them and export, connector by connector.";
    StartInitialCycle: "Start Initial Cycle", "Import and synchronize everything, then export.";
    StopCycle: "Stop Cycle", "End the cycle after the batch in progress.";
    Charts: "Charts", "Draw durations, objects and errors of the runs listed, over time.";
    Details: "Details", "Show steps, counters and errors of the run.";
    RunAgain: "Run Again...", "Start the same profile once more.";
    WhatIf: "What-If...", "See what a synchronization would do to all objects, without doing it.";
    CreateConnector: "Create...", "Add a connector.";
    ConnectorProperties: "Properties", "Connection, partitions, object types and attributes of the connector.";
    DeleteConnector: "Delete...", "Remove the connector space or the whole connector.";
    ConfigureRunProfiles: "Configure Run Profiles...", "Profiles of the connector and their steps.";
    ExportConnector: "Export Connector...", "Write the connector's configuration to a file.";
    ImportConnector: "Import Connector...", "Add a connector from a file.";
    UpdateConnector: "Update Connector...", "Overwrite the connector's configuration from a file.";
    RefreshSchema: "Refresh Schema...", "Read object types and attributes from the directory again.";
    SearchConnectorSpace: "Search Connector Space...", "Find objects of the connector.";
    PendingExportReport: "Pending Export Report...", "Write what the next export sends to a file: names, rules, old and new values.";
    CreateObjectType: "Create Object Type...", "Add a metaverse object type.";
    DeleteObjectType: "Delete Object Type", "Remove a metaverse object type.";
    AddAttribute: "Add Attribute...", "Add an attribute to the selected type.";
    EditAttribute: "Edit Attribute...", "Change the selected attribute.";
    RemoveAttribute: "Remove Attribute", "Take the attribute from the selected type.";
    ConfigureAttributeFlowPrecedence: "Configure Attribute Flow Precedence", "All inbound flows to the attribute, winner first.";
    CreateRuleForAttribute: "Create Rule for Attribute...", "Begin a synchronization rule that flows into the selected attribute.";
    ViewThisRule: "View Rule", "Look at the rule without changing it.";
    EditThisRule: "Edit Rule", "Change the rule; of a standard rule a copy is made first.";
    ConfigureObjectDeletionRule: "Configure Object Deletion Rule", "When objects of the type are deleted.";
    AddClause: "Add Clause", "Add a condition to the search.";
    Search: "Search", "List the objects that meet all conditions.";
    ObjectProperties: "Properties", "Open the selected object.";
    SaveQuery: "Save Query...", "Write the conditions to a file.";
    LoadQuery: "Load Query...", "Read conditions from a file.";
    ExportResults: "Export Results...", "Write the objects found to a file.";
    OpenObject: "Properties", "Open the object.";
    Preview: "Preview...", "See what synchronizing the object would do, and why.";
    AttributeLineage: "Attribute Lineage", "Where the value comes from: the rule that gives it, and what lost.";
    WhyNot: "Why Not?", "What is in the way of the object: scope, join, provisioning, errors.";
    JoinObject: "Join...", "Join the object to a metaverse object of your choice, after a look at the consequences.";
    DisconnectObject: "Disconnect...", "Take the object's metaverse object away, after a look at the consequences.";
    GoToMetaverse: "Go to Metaverse Object", "Open the metaverse object that the object is joined to.";
    StopSearch: "Stop", "Wait no longer for the objects that are searched for.";
    LineageGraph: "Lineage Graph", "Where the attributes come from and where they go, rule by rule.";
    CompareObjects: "Compare...", "Show two metaverse objects beside each other, attribute by attribute, differences first.";
    ContributingObject: "Show Contributing Object", "Open the connector space object that the value comes from.";
    ShowRule: "Show Rule", "Look at the synchronization rule that gave the value.";
    WhoCouldContribute: "Who Could Contribute?", "All rules that could give the value, by precedence, and why they do or do not.";
    CopyAsJson: "Copy as JSON", "Copy everything that is known, for programs.";
    CopyDn: "Copy DN", "Copy the distinguished name.";
    CopyId: "Copy ID", "Copy the object's GUID.";
    CopyValue: "Copy Value", "Copy the value.";
    ShowValue: "Show Value...", "Show the whole value, bytes also as hexadecimal, GUID or SID.";
    FindWithValue: "Find Objects With This Value", "List the metaverse objects that hold the same value.";
    AddRule: "Add new rule", "Make a synchronization rule in the direction shown.";
    ViewRule: "View", "Look at the rule without changing it.";
    EditRule: "Edit", "Change the rule; of a standard rule a copy is made first.";
    CloneRule: "Clone", "Make a copy of the rule that can be changed.";
    DeleteRule: "Delete", "Remove the rule, after a question that tells what goes with it.";
    EnableRule: "Enable", "Switch the rule on.";
    DisableRule: "Disable", "Switch the rule off; what it gave goes with the next full synchronization.";
    ExportRule: "Export", "Write the rule to a file from which it can be made again.";
    RuleHistory: "History...", "Former versions of the rule: who changed what, and bringing one back.";
    RemovedRules: "Removed...", "Rules that were deleted and can come back.";
    MoveRuleUp: "Move Up", "Let the rule change places with the one before it, which wins over it now.";
    MoveRuleDown: "Move Down", "Let the rule change places with the one behind it.";
    FilterList: "Filter List", "Type to filter the list.";
}

const CTRL: Modifiers = Modifiers::COMMAND;
/// Why something is not possible that a later version brings.
pub const LATER: &str = "Not part of this version yet";

impl Action {
    /// The keys that trigger it.
    #[must_use]
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::Exit => (CTRL, Key::Q),
            Self::ShowOperations => (CTRL, Key::Num1),
            Self::ShowConnectors => (CTRL, Key::Num2),
            Self::ShowMetaverseDesigner => (CTRL, Key::Num3),
            Self::ShowMetaverseSearch => (CTRL, Key::Num4),
            Self::RulesEditor => (CTRL, Key::R),
            Self::Refresh => (Modifiers::NONE, Key::F5),
            Self::FindAnything => (CTRL, Key::K),
            Self::Back => (Modifiers::ALT, Key::ArrowLeft),
            Self::Forward => (Modifiers::ALT, Key::ArrowRight),
            Self::ZoomIn => (CTRL, Key::Plus),
            Self::ZoomOut => (CTRL, Key::Minus),
            Self::ZoomReset => (CTRL, Key::Num0),
            Self::Contents => (Modifiers::NONE, Key::F1),
            Self::KeyboardShortcuts => (CTRL, Key::Slash),
            Self::Search => (CTRL, Key::Enter),
            Self::FilterList => (CTRL, Key::F),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// What it asks of a person.
    #[must_use]
    pub fn right(self) -> Right {
        match self {
            Self::Run | Self::RunAgain | Self::Stop | Self::StartDeltaCycle | Self::StartInitialCycle | Self::StopCycle => {
                Right::Operate
            }
            Self::ClearRuns => Right::Operate,
            Self::ConfigurationWizard
            | Self::ImportServerConfiguration
            | Self::CreateConnector
            | Self::DeleteConnector
            | Self::ImportConnector
            | Self::UpdateConnector
            | Self::RefreshSchema
            | Self::CreateObjectType
            | Self::DeleteObjectType
            | Self::AddAttribute
            | Self::EditAttribute
            | Self::RemoveAttribute
            | Self::CreateRuleForAttribute
            | Self::EditThisRule
            | Self::JoinObject
            | Self::DisconnectObject
            | Self::AddRule
            | Self::EditRule
            | Self::CloneRule
            | Self::DeleteRule
            | Self::EnableRule
            | Self::DisableRule
            | Self::MoveRuleUp
            | Self::MoveRuleDown => Right::Administer,
            _ => Right::Browse,
        }
    }

    /// True for what takes the selected row of a list away, as the Delete key does.
    #[must_use]
    pub fn removes(self) -> bool {
        matches!(self, Self::DeleteConnector | Self::DeleteObjectType | Self::RemoveAttribute | Self::DeleteRule)
    }

    /// Whether it is possible now; otherwise why not.
    ///
    /// # Errors
    /// The reason, as the tooltip shows it.
    pub fn availability(self, now: &Situation) -> Result<(), String> {
        now.role.may(self.right())?;
        self.possible(now)
    }

    /// Whether it is possible for a person who may do everything.
    fn possible(self, now: &Situation) -> Result<(), String> {
        let need = |possible: bool, reason: &str| if possible { Ok(()) } else { Err(reason.to_owned()) };
        match self {
            Self::ImportServerConfiguration => {
                need(now.workspace, "Open a data folder first")?;
                need(!now.running && !now.cycle, "A run is going on; wait until it has finished")
            }
            Self::RulesEditor | Self::AddRule | Self::RemovedRules => need(now.workspace, "Open a data folder first"),
            Self::ViewRule | Self::EditRule | Self::CloneRule | Self::DeleteRule | Self::ExportRule | Self::RuleHistory => {
                need(now.selected_rule.is_some(), "Select a rule first")
            }
            Self::EnableRule | Self::DisableRule => match now.selected_rule {
                None => Err("Select a rule first".to_owned()),
                Some(rule) if rule.enabled == (self == Self::EnableRule) => {
                    Err(format!("The rule is switched {} already", if rule.enabled { "on" } else { "off" }))
                }
                Some(_) => Ok(()),
            },
            Self::MoveRuleUp | Self::MoveRuleDown => match now.selected_rule {
                None => Err("Select a rule first".to_owned()),
                Some(rule) if rule.standard => Err("A standard rule keeps its place".to_owned()),
                Some(rule) if self == Self::MoveRuleUp => need(rule.before, "No rule of your own stands before it"),
                Some(rule) => need(rule.behind, "No rule of your own stands behind it"),
            },
            Self::ConfigurationWizard | Self::Contents | Self::OpenLogFolder => Err(LATER.to_owned()),
            Self::SaveQuery | Self::LoadQuery => need(now.workspace, "Open a data folder first"),
            Self::ExportResults => need(now.objects_found, "Search for objects first"),
            Self::CreateConnector | Self::ImportConnector => {
                need(now.workspace, "Open a data folder first")?;
                need(!now.running && !now.cycle, "A run is going on; wait until it has finished")
            }
            Self::ConnectorProperties | Self::ConfigureRunProfiles | Self::ExportConnector | Self::PendingExportReport => {
                need(now.workspace && now.connector().is_some(), "Select a connector first")
            }
            Self::DeleteConnector | Self::UpdateConnector | Self::RefreshSchema => idle_connector(now),
            Self::Run | Self::RunAgain => run_availability(now),
            Self::Stop => stop_availability(now),
            Self::CopyLink | Self::Details => need(now.selected_run.is_some(), "Select a run first"),
            Self::SearchConnectorSpace => need(now.workspace && now.connector().is_some(), "Select a connector first"),
            Self::StartDeltaCycle | Self::StartInitialCycle => {
                need(now.workspace && !now.connectors.is_empty(), "There is no connector to run")?;
                need(!now.cycle, "A cycle is already going on")?;
                need(!now.running, "A run is already going on")
            }
            Self::SaveToFile => need(now.selected_run.is_some(), "Select a run first"),
            Self::SaveRunHistoryAs => need(now.workspace, "Open a data folder first"),
            Self::ClearRuns => {
                need(now.workspace, "Open a data folder first")?;
                need(!now.running && !now.cycle, "A run is going on; wait until it has finished")
            }
            Self::Back => need(now.back, "No object was open before"),
            Self::Forward => need(now.forward, "No object was open after this one"),
            Self::WhatIf => need(now.workspace && !now.connectors.is_empty(), "There is no connector to synchronize"),
            Self::StopCycle => need(now.cycle, "No cycle is going on"),
            Self::CreateObjectType => changeable(now),
            Self::DeleteObjectType | Self::AddAttribute => {
                need(now.type_selected, "Select an object type first")?;
                changeable(now)
            }
            Self::EditAttribute | Self::RemoveAttribute => {
                need(now.attribute_selected, "Select an attribute first")?;
                changeable(now)
            }
            Self::ConfigureAttributeFlowPrecedence => need(now.attribute_selected, "Select an attribute first"),
            Self::CreateRuleForAttribute => {
                need(now.attribute_selected, "Select an attribute first")?;
                need(!now.connectors.is_empty(), "There is no connector whose objects a rule could read")
            }
            Self::ConfigureObjectDeletionRule => need(now.type_selected, "Select an object type first"),
            Self::Search => match &now.search_problem {
                Some(problem) => Err(problem.clone()),
                None => need(now.tab == Tab::MetaverseSearch, "Open Metaverse Search first"),
            },
            Self::StopSearch => need(now.searching, "No search is going on"),
            Self::ObjectProperties => need(now.objects_selected == 1, "Select an object first"),
            Self::CompareObjects => need((1..=2).contains(&now.objects_selected), "Select one or two objects first"),
            Self::ColumnSettings | Self::ExportGrid => {
                need(now.workspace, "Open a data folder first")?;
                need(!now.charts || now.tab != Tab::Operations, "Choose Back to List first")
            }
            Self::ShowOperations
            | Self::ShowConnectors
            | Self::ShowMetaverseDesigner
            | Self::ShowMetaverseSearch
            | Self::Refresh
            | Self::FindAnything
            | Self::AddClause
            | Self::OpenDataFolder
            | Self::ExportServerConfiguration
            | Self::CompareConfigurations
            | Self::Charts
            | Self::Scheduler
            | Self::FilterList => need(now.workspace, "Open a data folder first"),
            Self::Exit
            | Self::ThemeSystem
            | Self::ThemeLight
            | Self::ThemeDark
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::ZoomReset
            | Self::ToggleActionsPane
            | Self::ToggleStatusBar
            | Self::ToggleMotion
            | Self::TimeZoneLocal
            | Self::TimeZoneUtc
            | Self::KeyboardShortcuts
            | Self::Options
            | Self::About
            | Self::OpenObject
            | Self::Preview
            | Self::AttributeLineage
            | Self::WhyNot
            | Self::ContributingObject
            | Self::JoinObject
            | Self::DisconnectObject
            | Self::LineageGraph
            | Self::ShowRule
            | Self::WhoCouldContribute
            | Self::CopyAsJson
            | Self::ViewThisRule
            | Self::EditThisRule
            | Self::GoToMetaverse
            | Self::CopyDn
            | Self::CopyId
            | Self::CopyValue
            | Self::ShowValue
            | Self::FindWithValue => Ok(()),
        }
    }

    /// For items that are on or off: which.
    #[must_use]
    pub fn checked(self, now: &Situation) -> Option<bool> {
        match self {
            Self::ShowOperations => Some(now.tab == Tab::Operations),
            Self::ShowConnectors => Some(now.tab == Tab::Connectors),
            Self::ShowMetaverseDesigner => Some(now.tab == Tab::MetaverseDesigner),
            Self::ShowMetaverseSearch => Some(now.tab == Tab::MetaverseSearch),
            Self::ThemeSystem => Some(now.theme == ThemeChoice::System),
            Self::ThemeLight => Some(now.theme == ThemeChoice::Light),
            Self::ThemeDark => Some(now.theme == ThemeChoice::Dark),
            Self::ToggleActionsPane => Some(now.actions_pane),
            Self::ToggleStatusBar => Some(now.status_bar),
            Self::ToggleMotion => Some(now.reduced_motion),
            Self::Charts => Some(now.charts),
            Self::TimeZoneLocal => Some(!now.utc),
            Self::TimeZoneUtc => Some(now.utc),
            _ => None,
        }
    }

    /// The command that carries it out.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Self::ShowOperations => Command::ShowTab(Tab::Operations),
            Self::ShowConnectors => Command::ShowTab(Tab::Connectors),
            Self::ShowMetaverseDesigner => Command::ShowTab(Tab::MetaverseDesigner),
            Self::ShowMetaverseSearch => Command::ShowTab(Tab::MetaverseSearch),
            Self::ThemeSystem => Command::SetTheme(ThemeChoice::System),
            Self::ThemeLight => Command::SetTheme(ThemeChoice::Light),
            Self::ThemeDark => Command::SetTheme(ThemeChoice::Dark),
            Self::StartDeltaCycle => Command::StartCycle(CyclePolicy::Delta),
            Self::StartInitialCycle => Command::StartCycle(CyclePolicy::Initial),
            action => Command::Do(action),
        }
    }
}

/// Whether the configuration can be changed now.
fn changeable(now: &Situation) -> Result<(), String> {
    if !now.workspace {
        return Err("Open a data folder first".to_owned());
    }
    if now.running || now.cycle {
        return Err("A run is going on; wait until it has finished".to_owned());
    }
    Ok(())
}

fn run_availability(now: &Situation) -> Result<(), String> {
    if !now.workspace || now.connectors.is_empty() {
        return Err("There is no connector to run".to_owned());
    }
    match (now.tab, now.connector()) {
        (Tab::Connectors, None) => Err("Select a connector first".to_owned()),
        (Tab::Connectors, Some(connector)) if connector.state != ConnectorState::Idle => {
            Err("Connector is already running".to_owned())
        }
        (Tab::Connectors, Some(connector)) if connector.profiles.is_empty() => Err("The connector has no run profile".to_owned()),
        _ if now.connectors.iter().all(|connector| connector.profiles.is_empty()) => {
            Err("No connector has a run profile".to_owned())
        }
        _ => Ok(()),
    }
}

/// What needs one connector at which nothing goes on.
fn idle_connector(now: &Situation) -> Result<(), String> {
    match now.connector().filter(|_| now.workspace) {
        None => Err("Select a connector first".to_owned()),
        Some(connector) if connector.state != ConnectorState::Idle => Err("Connector is already running".to_owned()),
        Some(_) if now.running || now.cycle => Err("A run is going on; wait until it has finished".to_owned()),
        Some(_) => Ok(()),
    }
}

fn stop_availability(now: &Situation) -> Result<(), String> {
    if now.tab == Tab::Operations {
        return match &now.selected_run {
            None => Err("Select a run in progress first".to_owned()),
            Some(run) if run.class != StatusClass::Running => Err("The selected run is not in progress".to_owned()),
            Some(_) => stopping(now.connector()),
        };
    }
    match now.connector() {
        None => Err("Select a connector first".to_owned()),
        Some(connector) if connector.state == ConnectorState::Idle => Err("The connector is not running".to_owned()),
        connector => stopping(connector),
    }
}

fn stopping(connector: Option<&ConnectorSummary>) -> Result<(), String> {
    match connector {
        Some(connector) if connector.state == ConnectorState::Stopping => Err("The run is already stopping".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_shortcut() {
        let mut seen: Vec<(KeyboardShortcut, Action)> = Vec::new();
        for action in Action::ALL {
            if let Some(shortcut) = action.shortcut() {
                assert!(!seen.iter().any(|(other, _)| *other == shortcut), "{action:?} shares its keys");
                seen.push((shortcut, *action));
            }
        }
        assert!(seen.len() >= 14);
    }

    #[test]
    fn a_disabled_action_says_why_in_words() {
        for action in Action::ALL {
            if let Err(reason) = action.availability(&Situation::default()) {
                assert!(reason.len() > 10 && reason.starts_with(char::is_uppercase), "{action:?}: {reason}");
            }
        }
    }
}
