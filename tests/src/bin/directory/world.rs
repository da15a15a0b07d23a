//! A data folder with the server's directory, of which the scaled objects are read.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use syncline_engine::service::{Engine, EngineOptions, TraceFrom, TraceOptions, TracedSearch};
use syncline_engine::store::configuration;

use super::server::Server;

/// The engine under measurement.
pub struct World {
    engine: Engine,
    connector: String,
}

impl World {
    /// An empty connector space; `unit` reads this container alone.
    pub fn new(folder: &Path, server: &Server, unit: Option<&str>) -> anyhow::Result<Self> {
        let engine = Engine::create(folder, EngineOptions::default())?;
        engine.add_directory(server.directory()?)?;
        let connector = server.connector().to_owned();
        // A tenant, so that the default rules are there and with them the attributes that they read.
        engine.add_sandbox("contoso", &["contoso.test".to_owned()])?;
        let container = unit.map_or_else(|| server.scale(), str::to_owned);
        engine.choose_containers(&connector, None, &[container], &[server.base().to_owned()])?;
        Ok(Self { engine, connector })
    }

    /// Runs an import that must succeed; gives its seconds and the number of objects that came or changed, which is
    /// `expected` where that is known.
    pub fn timed(&self, profile: &str, expected: Option<usize>) -> anyhow::Result<(f64, usize)> {
        let begun = Instant::now();
        let details = self.engine.start_run(&self.connector, profile)?.wait()?;
        let seconds = begun.elapsed().as_secs_f64();
        let summary = details.summary;
        anyhow::ensure!(summary.status == "success", "{profile} ended with {}: {:?}", summary.status, details.step_details);
        let staged = usize::try_from(summary.adds + summary.updates + summary.deletes)?;
        anyhow::ensure!(expected.is_none_or(|expected| expected == staged), "{profile} staged {staged} objects");
        Ok((seconds, staged))
    }

    /// The searches of a full import, without those that the connector asks of the server itself.
    pub fn searches(&self) -> anyhow::Result<Vec<TracedSearch>> {
        let options = TraceOptions { partition: None, below: None, server: None, from: TraceFrom::Beginning };
        let report = self.engine.trace_import(&self.connector, &options, &mut |_| true)?;
        anyhow::ensure!(report.error.is_none(), "{:?}", report.error);
        let pages = report.searches.into_iter().filter(|search| search.pages > 0 && search.entries > 0);
        Ok(pages.collect())
    }

    /// Lets the next delta import begin where the server has told nothing yet: the cookie of the watermark goes.
    pub fn begin_at_the_beginning(&self, server: &Server) -> anyhow::Result<()> {
        let options = TraceOptions {
            partition: None,
            below: Some(format!("CN=Users,{}", server.base())),
            server: None,
            from: TraceFrom::Beginning,
        };
        let traced = self.engine.trace_import(&self.connector, &options, &mut |_| true)?;
        let watermark = traced.watermark.context("the server tells no changes")?;
        let mut text: serde_json::Value = serde_json::from_slice(&watermark)?;
        let cookie = text.get_mut("cookie").filter(|cookie| cookie.is_string());
        *cookie.context("the account may not use DirSync")? = "".into();
        let id = self.engine.connector(&self.connector)?.id;
        let mut writer = self.engine.database().writer();
        let transaction = writer.transaction()?;
        for mut partition in configuration::partitions(&transaction, id)? {
            partition.watermark = Some(serde_json::to_vec(&text)?);
            configuration::save_partition(&transaction, &partition)?;
        }
        transaction.commit()?;
        Ok(())
    }
}
