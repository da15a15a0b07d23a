//! One open data folder: what was fetched from its engine, the four tabs, the windows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, unbounded};
use egui::{Context, Ui};
use syncline_engine::model::RunId;
use syncline_engine::service::{
    ConnectorState, ConnectorSummary, CyclePolicy, CycleResult, EngineEvent, EngineStatus, MvTypeView, RunProgress, RunSummary,
    StatusClass, status_explanation,
};
use uuid::Uuid;

use super::action::{Action, Situation, Tab};
use super::backend::Backend;
use super::command::{Command, WhatIfStart};
use super::connectors::Connectors;
use super::connectors::run_dialog::RunDialog;
use super::connectors::windows::ConnectorWindows;
use super::context::{Around, Cx, question};
use super::find::Find;
use super::links;
use super::metaverse_designer::MetaverseDesigner;
use super::metaverse_search::MetaverseSearch;
use super::objects::Windows;
use super::operations::clear::ClearRuns;
use super::operations::save::SaveRuns;
use super::operations::{Operations, any_running};
use super::rules_editor::RulesEditor;
use super::scheduler::SchedulerWindow;
use super::server_configuration::{CompareWindow, ExportWindow, ImportWindow};
use super::settings::Query;
use super::shell::notices::Notices;
use super::whatif::WhatIf;
use super::widgets::badge::Tone;
use super::widgets::grid::GridState;
use super::widgets::requested::Requested;
use super::worker::{Pending, Worker};

/// State of an open data folder.
pub struct Session {
    backend: Arc<dyn Backend>,
    /// The folder.
    pub folder: PathBuf,
    events: Receiver<EngineEvent>,
    status: Requested<EngineStatus>,
    connectors: Requested<Vec<ConnectorSummary>>,
    schema: Requested<Vec<MvTypeView>>,
    known_connectors: Vec<ConnectorSummary>,
    progress: BTreeMap<RunId, RunProgress>,
    /// The Operations tab.
    pub operations: Operations,
    connectors_tab: Connectors,
    connector_windows: ConnectorWindows,
    designer: MetaverseDesigner,
    /// The Metaverse Search tab.
    pub search: MetaverseSearch,
    windows: Windows,
    run_dialog: Option<RunDialog>,
    import_window: Option<ImportWindow>,
    export_window: Option<ExportWindow>,
    compare_window: Option<CompareWindow>,
    whatif: WhatIf,
    rules_editor: RulesEditor,
    find: Option<Find>,
    save_runs: Option<SaveRuns>,
    clear_runs: Option<ClearRuns>,
    scheduler: Option<SchedulerWindow>,
    starting: Vec<Pending<RunId>>,
    errands: Vec<Pending<()>>,
    /// Identities of objects that are to be opened.
    followed: Vec<Pending<Option<Uuid>>>,
    cycle: bool,
}

impl Session {
    /// Begins on an engine and asks for what the tabs show.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, folder: PathBuf, worker: &Worker, ctx: &Context, query: Query) -> Self {
        let events = forward(backend.subscribe(), worker, ctx);
        let mut session = Self {
            backend,
            folder,
            events,
            status: Requested::default(),
            connectors: Requested::default(),
            schema: Requested::default(),
            known_connectors: Vec::new(),
            progress: BTreeMap::new(),
            operations: Operations::default(),
            connectors_tab: Connectors::default(),
            connector_windows: ConnectorWindows::default(),
            designer: MetaverseDesigner::default(),
            search: MetaverseSearch::new(query),
            windows: Windows::default(),
            run_dialog: None,
            import_window: None,
            export_window: None,
            compare_window: None,
            whatif: WhatIf::default(),
            rules_editor: RulesEditor::default(),
            find: None,
            save_runs: None,
            clear_runs: None,
            scheduler: None,
            starting: Vec::new(),
            errands: Vec::new(),
            followed: Vec::new(),
            cycle: false,
        };
        session.ask_summaries(worker);
        session.schema.ask(worker, question(&session.backend, |engine| engine.metaverse_schema()));
        session
    }

    fn ask_summaries(&mut self, worker: &Worker) {
        self.status.ask(worker, question(&self.backend, |engine| engine.status()));
        self.connectors.ask(worker, question(&self.backend, |engine| engine.connectors()));
    }

    /// True once it is known which connectors there are, or that they cannot be read.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.connectors.value().is_some() || self.connectors.error().is_some()
    }

    /// Selects a connector by name or identifier; false when there is none.
    pub fn select_connector(&mut self, wanted: &str) -> bool {
        let named = |connector: &&ConnectorSummary| {
            connector.name.eq_ignore_ascii_case(wanted) || connector.guid.to_string().eq_ignore_ascii_case(wanted)
        };
        let found = self.known_connectors.iter().find(named).map(|connector| connector.id);
        if let Some(id) = found {
            self.connectors_tab.select(id);
        }
        found.is_some()
    }

    /// What decides which actions are possible; the shell adds its own part.
    #[must_use]
    pub fn situation(&self, tab: Tab) -> Situation {
        let schema = self.schema.value().map_or(&[][..], Vec::as_slice);
        Situation {
            tab,
            workspace: true,
            connectors: self.known_connectors.clone(),
            selected_run: self.operations.selected(),
            selected_connector: self.connectors_tab.selected().map(|connector| connector.name.clone()),
            objects_selected: if tab == Tab::MetaverseSearch { self.search.grid.selected.len() } else { 0 },
            objects_found: self.search.has_found(),
            type_selected: tab == Tab::MetaverseDesigner && self.designer.object_type().is_some(),
            attribute_selected: tab == Tab::MetaverseDesigner && self.designer.attribute().is_some(),
            selected_rule: self.rules_editor.selected(),
            search_problem: self.search.problem(schema),
            searching: self.search.is_searching(),
            running: self.is_running(),
            staging: self.status().is_some_and(|status| status.staging_mode),
            cycle: self.cycle,
            charts: self.operations.charts_shown(),
            back: self.windows.ways().0,
            forward: self.windows.ways().1,
            ..Situation::default()
        }
    }

    /// True while a run goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.progress.is_empty() || any_running(&self.known_connectors)
    }

    /// The engine's status.
    #[must_use]
    pub fn status(&self) -> Option<&EngineStatus> {
        self.status.value()
    }

    /// Progress of the runs going on.
    pub fn running(&self) -> impl Iterator<Item = &RunProgress> {
        self.progress.values()
    }

    /// A cycle that this window started goes on.
    #[must_use]
    pub fn cycle(&self) -> bool {
        self.cycle
    }

    /// Number of connectors that are not idle.
    #[must_use]
    pub fn busy_connectors(&self) -> usize {
        self.known_connectors.iter().filter(|connector| connector.state != ConnectorState::Idle).count()
    }

    /// Takes in events and answers.
    pub fn logic(&mut self, around: Around<'_>, notices: &mut Notices, commands: &mut Vec<Command>) {
        let Around { worker, format, situation } = around;
        let events: Vec<EngineEvent> = self.events.try_iter().collect();
        self.status.poll();
        let mut configuration_changed = false;
        let connectors_arrived = self.connectors.poll();
        if connectors_arrived && let Some(connectors) = self.connectors.value() {
            let first = self.known_connectors.is_empty() && !connectors.is_empty();
            self.known_connectors.clone_from(connectors);
            self.connectors_tab.set_connectors(connectors);
            configuration_changed |= first;
        }
        if let Some(error) = self.connectors.error().filter(|_| connectors_arrived) {
            notices.add(Tone::Bad, error.to_owned());
        }
        if self.schema.poll()
            && let Some(schema) = self.schema.value()
        {
            self.designer.set_schema(schema);
        }
        self.designer.poll();
        let mut finished = Vec::new();
        let mut started = Vec::new();
        let mut progressed = false;
        for event in events {
            match event {
                EngineEvent::RunStarted(run) => started.push(run),
                EngineEvent::Progress(progress) => {
                    progressed = true;
                    self.progress.insert(progress.run, progress);
                }
                EngineEvent::StepFinished { .. } => progressed = true,
                EngineEvent::RunFinished(run) => {
                    started.retain(|other: &RunSummary| other.id != run.id);
                    finished.push(run);
                }
                EngineEvent::CycleFinished(result) => self.end_cycle(&result, notices),
                EngineEvent::ConfigurationChanged => configuration_changed = true,
            }
        }
        for run in started.iter().chain(&finished) {
            let running = run.class == StatusClass::Running;
            for connector in self.known_connectors.iter_mut().filter(|connector| connector.id == run.connector_id) {
                connector.state = if running { ConnectorState::Running } else { ConnectorState::Idle };
                connector.last_run = Some(run.clone());
            }
            if !running {
                self.progress.remove(&run.id);
            }
        }
        if !finished.is_empty() || configuration_changed {
            self.designer.forget_population();
        }
        let changed = !started.is_empty() || !finished.is_empty();
        if changed || configuration_changed {
            let known = self.known_connectors.clone();
            self.connectors_tab.set_connectors(&known);
            self.ask_summaries(worker);
        }
        if configuration_changed {
            self.schema.ask(worker, question(&self.backend, |engine| engine.metaverse_schema()));
        }
        self.take_in_errands(notices, commands);
        if self.clear_runs.as_mut().is_some_and(ClearRuns::poll) {
            commands.push(Command::Do(Action::Refresh));
        }
        let Self {
            backend, operations, connectors_tab, search, windows, whatif, rules_editor, scheduler, progress, status, ..
        } = self;
        let threshold = status.value().and_then(|status| status.deletion_threshold);
        let mut cx = Cx { worker, backend, format, situation, progress, deletion_threshold: threshold, commands };
        if configuration_changed {
            operations.reload(&cx);
            rules_editor.reload(&cx);
        }
        if let Some(window) = scheduler {
            if configuration_changed || !finished.is_empty() {
                window.reload(&cx);
            }
            window.poll();
        }
        for run in started.into_iter().chain(finished.iter().cloned()) {
            operations.note_run(&cx, run);
        }
        if !finished.is_empty() {
            operations.reload(&cx);
            connectors_tab.reload(&cx);
            search.reload(&cx);
            windows.reload(&cx);
        }
        operations.poll(&cx, progressed);
        connectors_tab.poll(&cx, progressed);
        search.poll(&cx);
        windows.poll(&mut cx);
        whatif.poll(&cx);
        rules_editor.poll(&mut cx);
    }

    fn end_cycle(&mut self, result: &CycleResult, notices: &mut Notices) {
        self.cycle = false;
        let kind = match result.policy {
            CyclePolicy::Delta => "Delta",
            CyclePolicy::Initial => "Initial",
        };
        let tone = match result.status.as_str() {
            "success" => Tone::Info,
            status if status.starts_with("completed") && !status.contains("errors") && !status.contains("failed") => Tone::Warn,
            _ => Tone::Bad,
        };
        let mut text = format!("{kind} cycle finished: {}. {}", result.status, status_explanation(&result.status));
        for note in result.steps.iter().filter_map(|step| step.note.as_ref()) {
            text.push(' ');
            text.push_str(note);
        }
        notices.add(tone, text);
    }

    fn take_in_errands(&mut self, notices: &mut Notices, commands: &mut Vec<Command>) {
        self.starting.retain(|pending| match pending.take() {
            None => true,
            Some(Ok(id)) => {
                commands.push(Command::ShowRun(id));
                false
            }
            Some(Err(error)) => {
                notices.add(Tone::Bad, error);
                false
            }
        });
        self.followed.retain(|pending| match pending.take() {
            None => true,
            Some(Ok(Some(guid))) => {
                commands.push(Command::OpenMvObject(guid));
                false
            }
            Some(Ok(None)) => {
                notices.add(Tone::Info, "The object is not linked to the metaverse.".to_owned());
                false
            }
            Some(Err(error)) => {
                notices.add(Tone::Bad, error);
                false
            }
        });
        let cycle = &mut self.cycle;
        self.errands.retain(|pending| match pending.take() {
            None => true,
            Some(Ok(())) => false,
            Some(Err(error)) => {
                *cycle = false;
                notices.add(Tone::Bad, error);
                false
            }
        });
    }

    /// Draws the present tab.
    pub fn tab(&mut self, ui: &mut Ui, tab: Tab, share: &mut f32, around: Around<'_>, commands: &mut Vec<Command>) {
        let Around { worker, format, situation } = around;
        let Self { backend, operations, connectors_tab, search, designer, progress, status, schema, .. } = self;
        let threshold = status.value().and_then(|status| status.deletion_threshold);
        let mut cx = Cx { worker, backend, format, situation, progress, deletion_threshold: threshold, commands };
        match tab {
            Tab::Operations => operations.show(ui, &mut cx, share),
            Tab::Connectors => connectors_tab.show(ui, &mut cx, share),
            Tab::MetaverseDesigner => designer.show(ui, &mut cx, share),
            Tab::MetaverseSearch => search.show(ui, &mut cx, schema.value().map_or(&[], Vec::as_slice)),
        }
    }

    /// Draws the windows beside the main one.
    pub fn windows(&mut self, ctx: &Context, around: Around<'_>, commands: &mut Vec<Command>) {
        let Around { worker, format, situation } = around;
        let Self {
            backend,
            windows,
            whatif,
            rules_editor,
            connector_windows,
            find,
            save_runs,
            clear_runs,
            scheduler,
            run_dialog,
            import_window,
            export_window,
            compare_window,
            designer,
            search,
            schema,
            progress,
            status,
            ..
        } = self;
        let threshold = status.value().and_then(|status| status.deletion_threshold);
        let mut cx = Cx { worker, backend, format, situation, progress, deletion_threshold: threshold, commands };
        windows.show(ctx, &mut cx);
        rules_editor.show(ctx, &mut cx);
        connector_windows.show(ctx, &mut cx);
        whatif.show(ctx, &mut cx);
        if let Some(window) = save_runs
            && !window.show(ctx, &mut cx)
        {
            *save_runs = None;
        }
        if let Some(window) = clear_runs
            && !window.show(ctx, &mut cx)
        {
            *clear_runs = None;
        }
        if let Some(window) = scheduler
            && !window.show(ctx, &mut cx, status.value())
        {
            *scheduler = None;
        }
        if let Some(field) = find
            && !field.show(ctx, &mut cx)
        {
            *find = None;
        }
        designer.windows(ctx, &mut cx);
        search.windows(ctx, &cx, schema.value().map_or(&[], Vec::as_slice));
        if let Some(dialog) = run_dialog
            && !dialog.show(ctx, &mut cx)
        {
            *run_dialog = None;
        }
        if let Some(window) = import_window
            && !window.show(ctx, &mut cx)
        {
            *import_window = None;
        }
        if let Some(window) = export_window
            && !window.show(ctx, &mut cx)
        {
            *export_window = None;
        }
        if let Some(window) = compare_window
            && !window.show(ctx, &cx)
        {
            *compare_window = None;
        }
    }

    /// Carries out a command that concerns the data folder.
    pub fn execute(&mut self, command: Command, around: Around<'_>, ctx: &Context, notices: &mut Notices) {
        let Around { worker, format, situation } = around;
        match command {
            Command::StartRun { connector, profile } => {
                let pending = worker.ask(question(&self.backend, move |engine| engine.start_run(&connector, &profile)));
                self.starting.push(pending);
            }
            Command::StopRun(connector) => {
                for known in self
                    .known_connectors
                    .iter_mut()
                    .filter(|known| known.name == connector && known.state == ConnectorState::Running)
                {
                    known.state = ConnectorState::Stopping;
                }
                let known = self.known_connectors.clone();
                self.connectors_tab.set_connectors(&known);
                self.errands.push(worker.ask(question(&self.backend, move |engine| engine.stop_run(Some(&connector)).map(drop))));
            }
            Command::StartCycle(policy) => {
                self.cycle = true;
                self.errands.push(worker.ask(question(&self.backend, move |engine| engine.start_cycle(policy))));
            }
            Command::Do(Action::StopCycle) => {
                self.errands.push(worker.ask(question(&self.backend, |engine| engine.stop_cycle().map(drop))))
            }
            Command::OpenIdentityOf(guid) => {
                let identity = question(&self.backend, move |engine| Ok(engine.cs_object(guid)?.metaverse.map(|hit| hit.guid)));
                self.followed.push(worker.ask(identity));
            }
            Command::ShowRun(id) => self.operations.select(id),
            Command::ShowConnector(id) => self.connectors_tab.select(id),
            Command::ShowRunDialog { connector, profile } => self.show_run_dialog(around, connector, profile),
            Command::Do(action) => self.act(action, around, ctx, notices),
            command => {
                let mut commands = Vec::new();
                let Self { backend, windows, whatif, rules_editor, connector_windows, search, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                match command {
                    Command::ConnectorProperties(id) => {
                        connector_windows.act(&cx, Action::ConnectorProperties, cx.connector(id));
                    }
                    Command::SearchMetaverse(clause) => search.search_for(&cx, clause),
                    Command::OpenWhatIf(start) => whatif.open(&cx, &start),
                    Command::EditRule(guid) => rules_editor.edit(&cx, guid),
                    Command::CreateRuleFor { object_type, attribute } => rules_editor.add_for(&cx, &object_type, &attribute),
                    command => windows.open(&cx, command),
                }
            }
        }
    }

    fn show_run_dialog(&mut self, around: Around<'_>, connector: Option<String>, profile: Option<String>) {
        let Around { worker, format, situation } = around;
        let mut commands = Vec::new();
        let cx = Cx {
            worker,
            backend: &self.backend,
            format,
            situation,
            progress: &self.progress,
            deletion_threshold: None,
            commands: &mut commands,
        };
        self.run_dialog = Some(RunDialog::new(&cx, connector, profile));
    }

    /// The main list of a tab.
    fn list_of(&mut self, tab: Tab) -> &mut GridState {
        match tab {
            Tab::Operations => &mut self.operations.grid,
            Tab::Connectors => &mut self.connectors_tab.grid,
            Tab::MetaverseDesigner => &mut self.designer.grid,
            Tab::MetaverseSearch => &mut self.search.grid,
        }
    }

    fn act(&mut self, action: Action, around: Around<'_>, ctx: &Context, notices: &mut Notices) {
        let Around { worker, format, situation } = around;
        let connector = situation.connector().map(|connector| connector.name.clone());
        match action {
            Action::Run | Action::RunAgain => {
                let profile =
                    situation.selected_run.as_ref().filter(|_| situation.tab == Tab::Operations).map(|run| run.profile.clone());
                self.show_run_dialog(around, connector, profile);
            }
            Action::Stop => {
                if let Some(connector) = connector {
                    self.execute(Command::StopRun(connector), around, ctx, notices);
                }
            }
            Action::CopyLink => {
                if let Some(run) = &situation.selected_run {
                    ctx.copy_text(links::of_run(run.id));
                    notices.add(Tone::Info, format!("Copied {}", links::of_run(run.id)));
                }
            }
            Action::SearchConnectorSpace => {
                if let Some(connector) = situation.connector() {
                    let command = Command::OpenSearch { connector: connector.id, scope: None };
                    self.execute(command, around, ctx, notices);
                }
            }
            Action::SaveToFile => {
                if let Some(run) = situation.selected_run.clone() {
                    self.save_runs = Some(SaveRuns::new(Some(run)));
                }
            }
            Action::SaveRunHistoryAs => self.save_runs = Some(SaveRuns::new(None)),
            Action::ClearRuns => self.clear_runs = Some(ClearRuns::new(format)),
            Action::FindAnything => self.find = Some(Find::new(self.windows.recent())),
            Action::Back | Action::Forward => {
                let by = if action == Action::Back { -1 } else { 1 };
                let mut commands = Vec::new();
                let Self { backend, windows, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                windows.walk(&cx, by);
            }
            Action::WhatIf => {
                let connector = connector.filter(|_| situation.tab == Tab::Connectors);
                self.execute(Command::OpenWhatIf(WhatIfStart { connector, ..WhatIfStart::default() }), around, ctx, notices);
            }
            Action::CreateConnector
            | Action::ConnectorProperties
            | Action::DeleteConnector
            | Action::ConfigureRunProfiles
            | Action::ExportConnector
            | Action::ImportConnector
            | Action::UpdateConnector
            | Action::RefreshSchema
            | Action::PendingExportReport => {
                let mut commands = Vec::new();
                let Self { backend, connector_windows, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                connector_windows.act(&cx, action, situation.connector());
            }
            Action::RulesEditor
            | Action::AddRule
            | Action::ViewRule
            | Action::EditRule
            | Action::CloneRule
            | Action::DeleteRule
            | Action::EnableRule
            | Action::DisableRule
            | Action::ExportRule
            | Action::RuleHistory
            | Action::RemovedRules
            | Action::MoveRuleUp
            | Action::MoveRuleDown => {
                let mut commands = Vec::new();
                let Self { backend, rules_editor, progress, .. } = self;
                let mut cx =
                    Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                rules_editor.act(&mut cx, action);
                for command in commands {
                    self.execute(command, around, ctx, notices);
                }
            }
            Action::ImportServerConfiguration => {
                self.import_window.get_or_insert_default();
            }
            Action::ExportServerConfiguration => {
                self.export_window.get_or_insert_default();
            }
            Action::CompareConfigurations => {
                self.compare_window.get_or_insert_default();
            }
            Action::Scheduler => {
                let mut commands = Vec::new();
                let Self { backend, scheduler, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                scheduler.get_or_insert_with(|| SchedulerWindow::new(&cx));
            }
            Action::Charts => {
                let mut commands = Vec::new();
                let Self { backend, operations, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                operations.show_charts(&cx, !situation.charts);
            }
            Action::AddClause => self.search.add_clause(),
            Action::StopSearch => self.search.stop(),
            Action::SaveQuery | Action::LoadQuery | Action::ExportResults => self.search.act(action),
            Action::CreateObjectType
            | Action::DeleteObjectType
            | Action::AddAttribute
            | Action::EditAttribute
            | Action::RemoveAttribute
            | Action::ConfigureAttributeFlowPrecedence
            | Action::ConfigureObjectDeletionRule
            | Action::CreateRuleForAttribute => {
                let mut commands = Vec::new();
                let Self { backend, designer, rules_editor, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                let selected = designer.object_type().zip(designer.attribute());
                if let Some((kind, attribute)) = selected.filter(|_| action == Action::CreateRuleForAttribute) {
                    rules_editor.add_for(&cx, &kind.name, &attribute.name);
                } else {
                    designer.act(&cx, action);
                }
            }
            Action::ObjectProperties => {
                if let Some(guid) = self.search.selected() {
                    self.execute(Command::OpenMvObject(guid), around, ctx, notices);
                }
            }
            Action::CompareObjects => {
                if let Some(comparison) = self.search.comparison() {
                    self.execute(Command::OpenComparison(comparison), around, ctx, notices);
                }
            }
            Action::FilterList => self.list_of(situation.tab).focus_filter = true,
            Action::ExportGrid => self.list_of(situation.tab).export = true,
            Action::ColumnSettings => self.list_of(situation.tab).column_settings = true,
            Action::Search | Action::Refresh => {
                if action == Action::Refresh {
                    self.ask_summaries(worker);
                    self.designer.forget_population();
                    self.schema.ask(worker, question(&self.backend, |engine| engine.metaverse_schema()));
                }
                let mut commands = Vec::new();
                let Self { backend, operations, connectors_tab, search, windows, rules_editor, progress, .. } = self;
                let cx = Cx { worker, backend, format, situation, progress, deletion_threshold: None, commands: &mut commands };
                if action == Action::Search {
                    search.search(&cx);
                } else {
                    operations.reload(&cx);
                    operations.reload_details(&cx);
                    connectors_tab.reload(&cx);
                    search.reload(&cx);
                    windows.reload(&cx);
                    rules_editor.refresh(ctx, &cx);
                }
            }
            _ => {}
        }
    }

    /// Ends the engine in the background; runs stop as after a shutdown.
    pub fn close(self, worker: &Worker) {
        let backend = self.backend;
        worker.tell(move || backend.shutdown());
    }

    /// Ends the engine and waits for it; the window is gone already.
    pub fn shutdown(&self) {
        self.backend.shutdown();
    }
}

/// Events wake the window: a thread of their own hands them on and asks for a frame.
fn forward(events: Receiver<EngineEvent>, worker: &Worker, ctx: &Context) -> Receiver<EngineEvent> {
    if worker.is_inline() {
        return events;
    }
    let (sender, receiver) = unbounded();
    let ctx = ctx.clone();
    let started = std::thread::Builder::new().name("desktop-events".to_owned()).spawn({
        let events = events.clone();
        move || {
            for event in events {
                if sender.send(event).is_err() {
                    return;
                }
                ctx.request_repaint();
            }
        }
    });
    match started {
        Ok(_) => receiver,
        Err(error) => {
            tracing::error!(%error, "no thread for the engine's events; the window takes them in at its own pace");
            events
        }
    }
}
