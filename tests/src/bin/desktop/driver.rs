//! Drives the app frame by frame as a person would, and keeps the time that each frame took.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use egui::epaint::{ClippedShape, Shape};
use egui::{
    Context, Event, FullOutput, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, RawInput, Rect,
    TouchPhase, Vec2, ViewportId, pos2, vec2,
};
use syncline::desktop::backend::EngineOpener;
use syncline::desktop::settings::SettingsFile;
use syncline::desktop::worker::Worker;
use syncline::desktop::{App, AppSetup};

/// Size of the window.
pub const SIZE: Vec2 = vec2(1280.0, 800.0);
/// Time between two frames, as the app sees it.
const FRAME: f64 = 1.0 / 60.0;
/// Longest wait for something to appear.
const PATIENCE: Duration = Duration::from_secs(120);

/// The app and what was seen of it last.
pub struct Driver {
    ctx: Context,
    app: App,
    seconds: f64,
    events: Vec<Event>,
    /// The frame drawn last.
    output: FullOutput,
}

impl Driver {
    /// Opens the app on a data folder.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let ctx = Context::default();
        let setup = AppSetup {
            opener: Arc::new(EngineOpener::new()),
            worker: Worker::start(ctx.clone())?,
            settings: SettingsFile::none(),
            folders: Vec::new(),
            named_folder: Some(folder.to_owned()),
            link: None,
        };
        let app = App::new(&ctx, setup);
        Ok(Self { ctx, app, seconds: 0.0, events: Vec::new(), output: FullOutput::default() })
    }

    /// Draws a frame; how long it took.
    pub fn frame(&mut self) -> Duration {
        self.seconds += FRAME;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.seconds),
            focused: true,
            events: std::mem::take(&mut self.events),
            ..RawInput::default()
        };
        let begun = Instant::now();
        let Self { ctx, app, .. } = self;
        app.take_in(ctx);
        let mut output = ctx.run_ui(input, |ui| app.draw(ui));
        let taken = begun.elapsed();
        // Nothing is painted, so nobody takes the textures.
        output.textures_delta.clear();
        self.output = output;
        taken
    }

    /// Draws frames until a text is on the screen; how long that took.
    pub fn until(&mut self, text: &str) -> anyhow::Result<Duration> {
        self.until_at(text, |_| true)
    }

    /// Draws frames until a text is on the screen at a place.
    pub fn until_at(&mut self, text: &str, here: impl Fn(Pos2) -> bool) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        loop {
            self.frame();
            if self.places(text).into_iter().any(|place| here(place.center())) {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                bail!("\"{text}\" never appeared; the screen shows {:?}", self.shown());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Draws frames until nothing more is asked for.
    pub fn settle(&mut self) {
        let begun = Instant::now();
        let mut quiet = 0;
        while quiet < 5 && begun.elapsed() < PATIENCE {
            self.frame();
            // A blinking caret asks for a frame twice a second; that is rest all the same.
            quiet = if self.repaint_after() > Duration::from_millis(300) { quiet + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// When the app wants to be drawn again.
    pub fn repaint_after(&self) -> Duration {
        self.output.viewport_output.get(&ViewportId::ROOT).map_or(Duration::MAX, |viewport| viewport.repaint_delay)
    }

    /// The first texts on the screen, for errors.
    fn shown(&self) -> Vec<String> {
        self.texts().into_iter().take(80).collect()
    }

    /// Every text on the screen.
    pub fn texts(&self) -> Vec<String> {
        let mut found = Vec::new();
        for ClippedShape { shape, .. } in &self.output.shapes {
            texts(shape, &mut |text, _| found.push(text.to_owned()));
        }
        found
    }

    /// Where a text stands.
    pub fn places(&self, wanted: &str) -> Vec<Rect> {
        let mut found = Vec::new();
        for ClippedShape { shape, clip_rect, .. } in &self.output.shapes {
            texts(shape, &mut |text, place| {
                if text.contains(wanted) && clip_rect.intersects(place) {
                    found.push(place);
                }
            });
        }
        found
    }

    /// Clicks a text; of several the one drawn last, which is in front.
    pub fn click(&mut self, text: &str) -> anyhow::Result<()> {
        self.click_at(text, |_| true)
    }

    /// Clicks a text at a place.
    pub fn click_at(&mut self, text: &str, here: impl Fn(Pos2) -> bool) -> anyhow::Result<()> {
        let place = self.place(text, here)?;
        self.press(place, 1);
        Ok(())
    }

    /// Where to click for a text: one that reads exactly so, or else one that holds it.
    fn place(&self, wanted: &str, here: impl Fn(Pos2) -> bool) -> anyhow::Result<Pos2> {
        let mut found: Vec<(bool, Pos2)> = Vec::new();
        for ClippedShape { shape, clip_rect, .. } in &self.output.shapes {
            texts(shape, &mut |text, place| {
                if text.contains(wanted) && clip_rect.intersects(place) && here(place.center()) {
                    found.push((text == wanted, place.center()));
                }
            });
        }
        let exact = found.iter().rfind(|(exact, _)| *exact);
        match exact.or(found.last()) {
            Some((_, place)) => Ok(*place),
            None => bail!("there is no \"{wanted}\" to click; the screen shows {:?}", self.shown()),
        }
    }

    /// Clicks a text at a place twice.
    pub fn double_click(&mut self, text: &str, here: impl Fn(Pos2) -> bool) -> anyhow::Result<()> {
        let place = self.place(text, here)?;
        self.press(place, 2);
        Ok(())
    }

    fn press(&mut self, at: Pos2, times: usize) {
        self.events.push(Event::PointerMoved(at));
        self.frame();
        for pressed in [true, false].repeat(times) {
            let modifiers = Modifiers::NONE;
            self.events.push(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers });
        }
        self.frame();
    }

    /// Presses a key.
    pub fn key(&mut self, modifiers: Modifiers, key: Key) {
        for pressed in [true, false] {
            self.events.push(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
        }
        self.frame();
    }

    /// Types a text.
    pub fn type_text(&mut self, text: &str) {
        self.events.push(Event::Text(text.to_owned()));
        self.frame();
    }

    /// Turns the wheel at a place while frames are drawn; the times of the frames.
    pub fn scroll(&mut self, at: Pos2, frames: usize) -> Vec<Duration> {
        self.events.push(Event::PointerMoved(at));
        self.frame();
        (0..frames)
            .map(|index| {
                // Down three quarters of the time, up again for the rest, faster and slower.
                let delta = if index % 8 < 6 { -(40.0 + (index % 50) as f32 * 30.0) } else { 120.0 };
                self.events.push(Event::MouseWheel {
                    unit: MouseWheelUnit::Point,
                    delta: vec2(0.0, delta),
                    phase: TouchPhase::Move,
                    source: MouseWheelSource::Unknown,
                    modifiers: Modifiers::NONE,
                });
                let taken = self.frame();
                // Pages arrive between frames, as they do on a screen.
                std::thread::sleep(Duration::from_millis(2));
                taken
            })
            .collect()
    }

    /// Ends the app.
    pub fn leave(mut self) {
        self.app.leave();
    }
}

fn texts(shape: &Shape, tell: &mut impl FnMut(&str, Rect)) {
    match shape {
        Shape::Text(text) => tell(&text.galley.job.text, text.galley.rect.translate(text.pos.to_vec2())),
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, tell)),
        _ => {}
    }
}

/// A place in the upper list of a tab.
pub const LIST: Pos2 = pos2(400.0, 300.0);
