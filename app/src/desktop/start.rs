//! Opens the window: picks a renderer, falls back to the other one, says so plainly when there is no display.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use eframe::{NativeOptions, Renderer};
use egui::ViewportBuilder;

use super::app::{App, AppSetup};
use super::backend::{EngineOpener, Opener};
use super::settings::{Settings, SettingsFile};
use super::shell;
use super::worker::Worker;

/// Chooses the renderer: `glow` (OpenGL) or `wgpu`.
const RENDERER_VARIABLE: &str = "SYNCLINE_RENDERER";

/// How the desktop app starts.
#[derive(Clone, Debug, Default)]
pub struct DesktopOptions {
    /// Data folder to open; otherwise the one opened last, otherwise the welcome page.
    pub folder: Option<PathBuf>,
    /// Link to open, such as `syncline://run/3`.
    pub open_link: Option<String>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be shown: no display, or no renderer works on it.
pub fn run(options: DesktopOptions) -> anyhow::Result<()> {
    if no_display() {
        return Err(anyhow!(
            "there is no display: DISPLAY and WAYLAND_DISPLAY are not set; start syncline in a desktop session, or use its commands (\"syncline --help\")"
        ));
    }
    let file = SettingsFile::of_person();
    let settings = file.load();
    let first = first_renderer()?;
    let second = if first == Renderer::Glow { Renderer::Wgpu } else { Renderer::Glow };
    let Err(problem) = attempt(first, &options, &file, &settings) else { return Ok(()) };
    tracing::warn!(renderer = %first, %problem, "the window could not be shown; trying the other renderer");
    attempt(second, &options, &file, &settings)
        .map_err(|other| anyhow!("no window could be shown: {first} says \"{problem}\", {second} says \"{other}\"; set {RENDERER_VARIABLE} to glow or wgpu to try one of them alone"))
}

fn no_display() -> bool {
    let missing = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    cfg!(all(unix, not(target_os = "macos"))) && missing("DISPLAY") && missing("WAYLAND_DISPLAY") && missing("WAYLAND_SOCKET")
}

/// Windows over Remote Desktop offers no usable OpenGL; on Linux OpenGL is faster without a graphics card.
fn first_renderer() -> anyhow::Result<Renderer> {
    match std::env::var(RENDERER_VARIABLE) {
        Ok(name) if !name.is_empty() => {
            name.parse().ok().ok_or_else(|| anyhow!("{RENDERER_VARIABLE} is \"{name}\"; it can be glow or wgpu"))
        }
        _ => Ok(if cfg!(target_os = "linux") { Renderer::Glow } else { Renderer::Wgpu }),
    }
}

fn attempt(renderer: Renderer, options: &DesktopOptions, file: &SettingsFile, settings: &Settings) -> anyhow::Result<()> {
    let viewport = ViewportBuilder::default()
        .with_title(shell::title(false))
        .with_app_id("syncline")
        .with_inner_size(settings.window)
        .with_min_inner_size([900.0, 600.0])
        .with_icon(egui::IconData::default());
    let native = NativeOptions { viewport, renderer, persist_window: false, ..NativeOptions::default() };
    let (options, file) = (options.clone(), file.clone());
    let shown = catch_unwind(AssertUnwindSafe(move || {
        eframe::run_native(
            "syncline",
            native,
            Box::new(move |cc| {
                let worker = Worker::start(cc.egui_ctx.clone())?;
                let opener: Arc<dyn Opener> = Arc::new(EngineOpener::new());
                let setup = AppSetup {
                    opener,
                    worker,
                    settings: file,
                    folders: Vec::new(),
                    named_folder: options.folder,
                    link: options.open_link,
                };
                Ok(Box::new(App::new(&cc.egui_ctx, setup)))
            }),
        )
    }));
    match shown {
        Ok(result) => result.map_err(|error| anyhow!("{error}")).context("the window ended with an error"),
        Err(panic) => {
            let text =
                panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(anyhow!(text.unwrap_or_else(|| "the renderer stopped unexpectedly".to_owned())))
        }
    }
}
