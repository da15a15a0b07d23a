//! The page for a machine without a data folder: what to do first.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Align2, Margin, RichText, Role, Sense, Stroke, StrokeKind, TextEdit, TextStyle, Ui, WidgetInfo, vec2};

use super::action::Action;
use super::backend::{Backend, Opener, sentence};
use super::theme::{Palette, RADIUS};
use super::widgets::{action_ui, badge};
use super::worker::{Pending, Worker};

/// State of the page.
#[derive(Default)]
pub struct Welcome {
    folder: String,
    opening: Option<Opening>,
    picking: Option<Pending<Option<PathBuf>>>,
    error: Option<String>,
}

struct Opening {
    what: String,
    answer: Pending<Option<Opened>>,
}

/// A data folder that was opened.
pub struct Opened {
    /// Its engine.
    pub backend: Arc<dyn Backend>,
    /// The folder.
    pub folder: PathBuf,
    /// What shall be done first.
    pub first: Option<Action>,
}

impl Welcome {
    /// Begins with the folder that is proposed.
    #[must_use]
    pub fn new(folder: &std::path::Path) -> Self {
        Self { folder: folder.display().to_string(), ..Self::default() }
    }

    /// Opens a folder that the person named.
    pub fn open(&mut self, worker: &Worker, opener: &Arc<dyn Opener>, folder: PathBuf) {
        self.folder = folder.display().to_string();
        let opener = Arc::clone(opener);
        self.begin(worker, format!("Opening {}...", folder.display()), move || {
            let backend = opener.open(&folder).map_err(|error| sentence(&error))?;
            Ok(Some(Opened { backend, folder, first: None }))
        });
    }

    /// Opens the first of these folders that is a data folder; none is no error.
    pub fn open_first(&mut self, worker: &Worker, opener: &Arc<dyn Opener>, folders: Vec<PathBuf>) {
        let opener = Arc::clone(opener);
        self.begin(worker, "Starting...".to_owned(), move || {
            let Some(folder) = folders.into_iter().find(|folder| opener.is_workspace(folder)) else { return Ok(None) };
            let backend = opener.open(&folder).map_err(|error| sentence(&error))?;
            Ok(Some(Opened { backend, folder, first: None }))
        });
    }

    fn demo(&mut self, worker: &Worker, opener: &Arc<dyn Opener>) {
        let opener = Arc::clone(opener);
        let folder = opener.default_folder();
        self.begin(worker, format!("Preparing the sample forest in {}...", folder.display()), move || {
            let backend = opener.demo(&folder).map_err(|error| sentence(&error))?;
            Ok(Some(Opened { backend, folder, first: Some(Action::StartInitialCycle) }))
        });
    }

    /// Makes or opens the default folder, and begins with an action there.
    fn create(&mut self, worker: &Worker, opener: &Arc<dyn Opener>, first: Action) {
        let opener = Arc::clone(opener);
        let folder = opener.default_folder();
        self.begin(worker, format!("Opening {}...", folder.display()), move || {
            let backend = opener.create(&folder).map_err(|error| sentence(&error))?;
            Ok(Some(Opened { backend, folder, first: Some(first) }))
        });
    }

    fn begin(&mut self, worker: &Worker, what: String, open: impl FnOnce() -> Result<Option<Opened>, String> + Send + 'static) {
        self.error = None;
        self.opening = Some(Opening { what, answer: worker.ask(open) });
    }

    /// Takes in answers; gives the folder once it is open.
    pub fn poll(&mut self, worker: &Worker, opener: &Arc<dyn Opener>) -> Option<Opened> {
        if let Some(answer) = self.picking.as_ref().and_then(Pending::take) {
            self.picking = None;
            match answer {
                Ok(Some(folder)) => self.open(worker, opener, folder),
                Ok(None) => {}
                Err(error) => self.error = Some(error),
            }
        }
        let answer = self.opening.as_ref().and_then(|opening| opening.answer.take())?;
        self.opening = None;
        match answer {
            Ok(opened) => opened,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, worker: &Worker, opener: &Arc<dyn Opener>) {
        let palette = Palette::of(ui.style());
        let width = 640.0_f32.min(ui.available_width() - 32.0);
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.vertical_centered(|ui| {
                ui.set_max_width(width);
                ui.add_space((ui.available_height() * 0.09).clamp(16.0, 90.0));
                ui.label(RichText::new("Welcome to Syncline").size(30.0).color(palette.text_strong));
                ui.add_space(2.0);
                ui.label(RichText::new("Joins your directories and keeps the cloud equal to them. How would you like to begin?").weak());
                ui.add_space(22.0);
                let busy = self.opening.is_some();
                let sample = "Loads the Contoso sample forest, starts a cloud tenant on this computer and runs a first cycle. Nothing leaves this machine.";
                if card(ui, width, "Try it with the sample forest", sample, !busy, "Please wait", true) {
                    self.demo(worker, opener);
                }
                let connect = "Asks for the forest and an account, then sets up the connector and its run profiles; with a tenant the rules as well.";
                if card(ui, width, "Connect your directory", connect, !busy, "Please wait", false) {
                    self.create(worker, opener, Action::CreateConnector);
                }
                if card(ui, width, "Import an Azure AD Connect configuration", "Takes over connectors, rules and settings from an exported server configuration.", !busy, "Please wait", false) {
                    self.create(worker, opener, Action::ImportServerConfiguration);
                }
                self.open_folder(ui, width, worker, opener);
                ui.add_space(14.0);
                if let Some(opening) = &self.opening {
                    ui.label(RichText::new(&opening.what).color(palette.accent));
                }
                if let Some(error) = &self.error {
                    badge::strip(ui, badge::Tone::Bad, error, |_| ());
                }
            });
        });
    }

    fn open_folder(&mut self, ui: &mut Ui, width: f32, worker: &Worker, opener: &Arc<dyn Opener>) {
        let palette = Palette::of(ui.style());
        let frame = egui::Frame::NONE
            .fill(palette.surface)
            .stroke(Stroke::new(1.0, palette.line))
            .corner_radius(RADIUS)
            .inner_margin(Margin::symmetric(18, 14));
        let idle = self.opening.is_none() && self.picking.is_none();
        let mut open = false;
        frame.show(ui, |ui| {
            ui.set_width(width - 38.0);
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                ui.label(RichText::new("Open a data folder...").size(16.0).color(palette.text_strong));
                ui.add_space(4.0);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    open = action_ui::primary(ui, idle && !self.folder.trim().is_empty(), "Open").clicked();
                    if ui.add_enabled(idle, egui::Button::new("Browse...")).clicked() {
                        let start = PathBuf::from(&self.folder);
                        let dialog =
                            move || rfd::FileDialog::new().set_title("Open a data folder").set_directory(start).pick_folder();
                        self.picking = Some(worker.ask(move || Ok(dialog())));
                    }
                    let field =
                        TextEdit::singleline(&mut self.folder).hint_text("Path of the folder").desired_width(f32::INFINITY);
                    let field = ui.add(field.id_salt("folder")).accessible_name("Data folder");
                    open |= field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                });
            });
        });
        if open && idle {
            self.open(worker, opener, PathBuf::from(self.folder.trim()));
        }
    }
}

/// A large button with a title and a sentence; true when clicked.
fn card(ui: &mut Ui, width: f32, title: &str, text: &str, enabled: bool, reason: &str, first: bool) -> bool {
    let palette = Palette::of(ui.style());
    let body = TextStyle::Body.resolve(ui.style());
    let (title_colour, text_colour) =
        if enabled { (palette.text_strong, palette.text_weak) } else { (palette.text_weak, palette.text_weak) };
    let inner = width - 36.0;
    let heading = ui.painter().layout_no_wrap(title.to_owned(), egui::FontId::proportional(16.0), title_colour);
    let sentence = ui.painter().layout(text.to_owned(), body, text_colour, inner);
    let height = heading.size().y + sentence.size().y + 34.0;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, title));
    let fill = if enabled && response.hovered() { palette.hover } else { palette.surface };
    let border = match (enabled, first || response.has_focus() || response.hovered()) {
        (true, true) => palette.accent,
        _ => palette.line,
    };
    ui.painter().rect(rect, RADIUS, fill, Stroke::new(1.0, border), StrokeKind::Inside);
    let top = rect.min + vec2(18.0, 14.0);
    let heading_height = heading.size().y;
    ui.painter().galley(top, heading, title_colour);
    ui.painter().galley(top + vec2(0.0, heading_height + 6.0), sentence, text_colour);
    if !enabled {
        ui.painter().text(
            rect.right_top() + vec2(-18.0, 16.0),
            Align2::RIGHT_TOP,
            reason,
            TextStyle::Small.resolve(ui.style()),
            palette.text_weak,
        );
    }
    ui.add_space(4.0);
    if enabled {
        return response.clicked();
    }
    response.on_hover_text(reason);
    false
}
