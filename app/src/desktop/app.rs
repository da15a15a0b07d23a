//! The application: takes in events, draws the shell around the tabs, carries out commands.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::{CentralPanel, Context, Frame, Margin, Panel, Stroke, Ui, ViewportCommand};
use jiff::tz::TimeZone;
use syncline_engine::model::Clock;

use super::action::{Action, Situation, Tab};
use super::backend::{Backend, Opener};
use super::command::Command;
use super::context::Around;
use super::format::Format;
use super::frame::Frame as DrawnFrame;
use super::guard::Guarded;
use super::links;
use super::session::Session;
use super::settings::{Settings, SettingsFile};
use super::shell::dialogs::{self, Dialog};
use super::shell::export_grid::ExportGrid;
use super::shell::notices::Notices;
use super::shell::{self, actions_pane, column_settings, menu, shortcuts, status_bar, tab_bar};
use super::theme::{self, Palette};
use super::welcome::{Opened, Welcome};
use super::widgets::badge::Tone;
use super::widgets::grid::{all_layouts, restore_layouts};
use super::worker::Worker;

/// What an [`App`] is made of.
pub struct AppSetup {
    /// Opens data folders.
    pub opener: Arc<dyn Opener>,
    /// Threads for questions.
    pub worker: Worker,
    /// Where settings come from and go to.
    pub settings: SettingsFile,
    /// Folders to try at the start, in order; the first that is a data folder is opened.
    pub folders: Vec<PathBuf>,
    /// A folder that the person named: opened, or its error shown.
    pub named_folder: Option<PathBuf>,
    /// A link to open once the folder is open.
    pub link: Option<String>,
}

/// The application.
pub struct App {
    opener: Arc<dyn Opener>,
    clock: Arc<dyn Clock>,
    worker: Worker,
    file: SettingsFile,
    /// The person's settings.
    pub settings: Settings,
    session: Option<Session>,
    welcome: Welcome,
    notices: Notices,
    dialog: Option<Dialog>,
    export_grid: ExportGrid,
    commands: Vec<Command>,
    link: Option<String>,
    saved: Settings,
    /// The title of the window says that this server is in staging mode.
    staging_titled: bool,
}

impl App {
    /// Makes the application for a context.
    #[must_use]
    pub fn new(ctx: &Context, setup: AppSetup) -> Self {
        let settings = setup.settings.load();
        theme::install(ctx, settings.reduced_motion);
        ctx.set_theme(settings.theme.preference());
        ctx.set_zoom_factor(settings.zoom);
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        restore_layouts(ctx, settings.grids.clone());
        let mut welcome = Welcome::new(&setup.opener.default_folder());
        match setup.named_folder {
            Some(folder) => welcome.open(&setup.worker, &setup.opener, folder),
            None => {
                let mut folders = setup.folders;
                folders.extend(settings.folder.clone());
                folders.push(setup.opener.default_folder());
                welcome.open_first(&setup.worker, &setup.opener, folders);
            }
        }
        Self {
            clock: setup.opener.clock(),
            opener: setup.opener,
            worker: setup.worker,
            file: setup.settings,
            saved: settings.clone(),
            settings,
            session: None,
            welcome,
            notices: Notices::default(),
            dialog: None,
            export_grid: ExportGrid::default(),
            commands: Vec::new(),
            link: setup.link,
            staging_titled: false,
        }
    }

    /// An application on an engine that is open already.
    #[must_use]
    pub fn on_backend(ctx: &Context, setup: AppSetup, backend: Arc<dyn Backend>) -> Self {
        let folder = setup.opener.default_folder();
        let mut app = Self::new(ctx, setup);
        app.welcome = Welcome::new(&folder);
        app.begin(ctx, Opened { backend, folder, first: None });
        app
    }

    fn begin(&mut self, ctx: &Context, opened: Opened) {
        self.settings.folder = Some(opened.folder.clone());
        let backend: Arc<dyn Backend> = Arc::new(Guarded::new(opened.backend, self.settings.role));
        self.session = Some(Session::new(backend, opened.folder, &self.worker, ctx, self.settings.query.clone()));
        if let Some(first) = opened.first {
            let configures = matches!(first, Action::ImportServerConfiguration | Action::CreateConnector);
            self.settings.tab = if configures { Tab::Connectors } else { Tab::Operations };
            self.commands.push(first.command());
        }
    }

    /// Opens the link that the app was started with, once it is known what is there.
    fn follow_link(&mut self) {
        let known = self.session.as_ref().is_some_and(Session::is_known);
        let Some(link) = self.link.take_if(|_| known) else { return };
        match links::parse(&link) {
            Ok(command) => self.commands.push(command),
            Err(problem) => self.notices.add(Tone::Bad, problem),
        }
    }

    fn format(&self) -> Format {
        let zone = if self.settings.utc { TimeZone::UTC } else { TimeZone::system() };
        Format { zone, now: self.clock.now() }
    }

    fn situation(&self) -> Situation {
        let base = self.session.as_ref().map(|session| session.situation(self.settings.tab)).unwrap_or_default();
        Situation {
            theme: self.settings.theme,
            actions_pane: self.settings.actions_pane,
            status_bar: self.settings.status_bar,
            utc: self.settings.utc,
            reduced_motion: self.settings.reduced_motion,
            role: self.settings.role,
            ..base
        }
    }

    /// Takes in what arrived and carries out commands; draws nothing.
    pub fn take_in(&mut self, ctx: &Context) {
        let _frame = DrawnFrame::begin();
        if self.session.is_none()
            && let Some(opened) = self.welcome.poll(&self.worker, &self.opener)
        {
            self.begin(ctx, opened);
        }
        let (format, situation) = (self.format(), self.situation());
        if let Some(session) = &mut self.session {
            let around = Around { worker: &self.worker, format: &format, situation: &situation };
            session.logic(around, &mut self.notices, &mut self.commands);
            if session.is_running() {
                ctx.request_repaint_after(Duration::from_millis(250));
            }
        }
        self.follow_link();
        for command in std::mem::take(&mut self.commands) {
            self.execute(ctx, command, &format);
        }
    }

    fn execute(&mut self, ctx: &Context, command: Command, format: &Format) {
        let situation = self.situation();
        ctx.request_repaint();
        match command {
            Command::ShowTab(tab) => self.settings.tab = tab,
            Command::SetTheme(choice) => {
                self.settings.theme = choice;
                ctx.set_theme(choice.preference());
            }
            Command::Copy(text) => ctx.copy_text(text),
            Command::Complain(text) => self.notices.add(Tone::Bad, text),
            Command::Do(action) if self.shell_action(ctx, action) => {}
            Command::IfPossible(action) => match action.availability(&situation) {
                Ok(()) => self.execute(ctx, action.command(), format),
                Err(reason) => self.notices.add(Tone::Warn, format!("{}: {reason}.", action.text())),
            },
            Command::OnConnector { connector, action } => {
                self.settings.tab = Tab::Connectors;
                match self.session.as_mut().map(|session| session.select_connector(&connector)) {
                    Some(true) => self.execute(ctx, Command::IfPossible(action), format),
                    _ => self.notices.add(Tone::Bad, format!("There is no connector \"{connector}\".")),
                }
            }
            command => {
                if matches!(command, Command::ShowRun(_)) && self.settings.tab != Tab::Connectors {
                    self.settings.tab = Tab::Operations;
                }
                if matches!(command, Command::SearchMetaverse(_)) {
                    self.settings.tab = Tab::MetaverseSearch;
                }
                if matches!(command, Command::ShowConnector(_)) {
                    self.settings.tab = Tab::Connectors;
                }
                if let Some(session) = &mut self.session {
                    session.execute(
                        command,
                        Around { worker: &self.worker, format, situation: &situation },
                        ctx,
                        &mut self.notices,
                    );
                }
            }
        }
        self.remember(ctx);
    }

    /// Carries out an action of the shell; false when it is none.
    fn shell_action(&mut self, ctx: &Context, action: Action) -> bool {
        match action {
            Action::Exit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::ZoomIn => self.zoom(ctx, self.settings.zoom + 0.1),
            Action::ZoomOut => self.zoom(ctx, self.settings.zoom - 0.1),
            Action::ZoomReset => self.zoom(ctx, 1.0),
            Action::ToggleActionsPane => self.settings.actions_pane = !self.settings.actions_pane,
            Action::ToggleStatusBar => self.settings.status_bar = !self.settings.status_bar,
            Action::ToggleMotion => {
                self.settings.reduced_motion = !self.settings.reduced_motion;
                theme::install(ctx, self.settings.reduced_motion);
            }
            Action::TimeZoneLocal => self.settings.utc = false,
            Action::TimeZoneUtc => self.settings.utc = true,
            Action::KeyboardShortcuts => self.dialog = Some(Dialog::Shortcuts),
            Action::Options => self.dialog = Some(Dialog::Options),
            Action::About => self.dialog = Some(Dialog::About),
            Action::OpenDataFolder => {
                if let Some(session) = self.session.take() {
                    self.settings.query = session.search.query.clone();
                    self.welcome = Welcome::new(&session.folder);
                    session.close(&self.worker);
                }
                self.settings.folder = None;
            }
            _ => return false,
        }
        true
    }

    fn zoom(&mut self, ctx: &Context, factor: f32) {
        self.settings.zoom = ((factor * 10.0).round() / 10.0).clamp(0.5, 3.0);
        ctx.set_zoom_factor(self.settings.zoom);
    }

    /// Saves settings that changed, in the background.
    fn remember(&mut self, ctx: &Context) {
        self.collect(ctx);
        if self.saved != self.settings {
            self.saved = self.settings.clone();
            let (file, settings) = (self.file.clone(), self.settings.clone());
            self.worker.tell(move || file.save(&settings));
        }
    }

    fn collect(&mut self, ctx: &Context) {
        self.settings.grids = all_layouts(ctx);
        if let Some(session) = &self.session {
            self.settings.query = session.search.query.clone();
        }
        let size = ctx.input(|input| input.viewport().inner_rect).map(|rect| rect.size() * ctx.zoom_factor());
        if let Some(size) = size.filter(|size| size.x > 100.0 && size.y > 100.0) {
            self.settings.window = [size.x.round(), size.y.round()];
        }
    }

    /// Draws everything.
    pub fn draw(&mut self, ui: &mut Ui) {
        let _frame = DrawnFrame::begin();
        let ctx = ui.ctx().clone();
        let situation = self.situation();
        let format = self.format();
        let palette = Palette::of(ui.style());
        let bar = Frame::NONE.fill(palette.surface);
        let mut commands = Vec::new();
        Panel::top("menu")
            .frame(bar.inner_margin(Margin::symmetric(8, 3)))
            .show_separator_line(false)
            .show(ui, |ui| menu::show(ui, &situation, &mut commands));
        match &mut self.session {
            None => {
                CentralPanel::no_frame()
                    .frame(Frame::NONE.fill(palette.canvas))
                    .show(ui, |ui| self.welcome.show(ui, &self.worker, &self.opener));
            }
            Some(session) => {
                let around = Around { worker: &self.worker, format: &format, situation: &situation };
                let staging = session.status().is_some_and(|status| status.staging_mode);
                if std::mem::replace(&mut self.staging_titled, staging) != staging {
                    ctx.send_viewport_cmd(ViewportCommand::Title(shell::title(staging)));
                }
                Panel::top("tabs").frame(bar.inner_margin(Margin { left: 8, right: 14, top: 0, bottom: 0 })).show(ui, |ui| {
                    tab_bar::show(ui, &situation, staging, &mut commands);
                });
                if self.settings.status_bar {
                    Panel::bottom("status").frame(bar.inner_margin(Margin::symmetric(14, 0))).exact_size(28.0).show(ui, |ui| {
                        status_bar::show(ui, session.status(), session.running(), session.cycle(), session.busy_connectors());
                    });
                }
                if self.settings.actions_pane {
                    Panel::right("actions")
                        .frame(bar.inner_margin(Margin::symmetric(10, 10)))
                        .resizable(true)
                        // A small window needs the room for its lists.
                        .default_size(if ctx.content_rect().width() < 1100.0 { 186.0 } else { 216.0 })
                        .size_range(170.0..=320.0)
                        .show(ui, |ui| {
                            actions_pane::show(ui, &situation, &mut commands);
                        });
                }
                let tab = self.settings.tab;
                CentralPanel::no_frame().frame(Frame::NONE.fill(palette.canvas).inner_margin(Margin::symmetric(12, 10))).show(
                    ui,
                    |ui| {
                        self.notices.show(ui);
                        let share = self.settings.splits.entry(tab.label().to_owned()).or_insert(default_share(tab));
                        ui.push_id(tab.label(), |ui| session.tab(ui, tab, share, around, &mut commands));
                    },
                );
                session.windows(&ctx, around, &mut commands);
            }
        }
        if let Some(dialog) = self.dialog {
            let version = self.session.as_ref().and_then(Session::status).map(|status| status.version.as_str());
            if !dialogs::show(&ctx, dialog, version, &situation, &mut commands) {
                self.dialog = None;
            }
        }
        self.export_grid.show(&ctx, &self.worker);
        column_settings::show(&ctx);
        shortcuts::handle(&ctx, &situation, &mut commands);
        if !commands.is_empty() {
            self.commands.append(&mut commands);
            ctx.request_repaint();
        }
        outline(ui, palette);
    }

    /// Saves the settings and ends the engine; the window is gone.
    pub fn leave(&mut self) {
        if let Some(session) = &self.session {
            self.settings.query = session.search.query.clone();
            session.shutdown();
        }
        self.file.save(&self.settings);
    }
}

fn default_share(tab: Tab) -> f32 {
    match tab {
        Tab::Operations => 0.45,
        Tab::Connectors => 0.32,
        Tab::MetaverseDesigner => 0.36,
        Tab::MetaverseSearch => 0.4,
    }
}

fn outline(ui: &Ui, palette: &Palette) {
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, palette.line));
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.take_in(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.draw(ui);
        self.collect(&ctx);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.leave();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
