//! A data folder with the server's directory, of which the scaled objects are read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::SecretString;
use serde_json::json;
use syncline_engine::connector::generic_ldap::{GenericLdapConnector, Observer};
use syncline_engine::connector::{CancelToken, Connector as _, ImportMode, ImportRequest};
use syncline_engine::service::{Engine, EngineOptions, TraceFrom, TraceOptions, TracedSearch};
use syncline_engine::setup::ConnectorChange;
use syncline_engine::store::configuration;

use super::server::Server;

/// The engine under measurement.
pub struct World {
    engine: Engine,
    connector: String,
    /// What is read.
    container: String,
}

impl World {
    /// An empty connector space; `unit` reads this container alone.
    pub fn new(folder: &Path, server: &Server, unit: Option<&str>) -> anyhow::Result<Self> {
        let engine = Engine::create(folder, EngineOptions::default())?;
        let container = unit.map_or_else(|| server.scale(), str::to_owned);
        engine.add_directory(server.directory(&container)?)?;
        let connector = server.connector().to_owned();
        match server {
            Server::Samba(_) => {
                // A tenant, so that the default rules are there and with them the attributes that they read.
                engine.add_sandbox("contoso", &["contoso.test".to_owned()])?;
                engine.choose_containers(&connector, None, std::slice::from_ref(&container), &[server.base().to_owned()])?;
            }
            Server::OpenLdap(_) => {
                // Its attributes are those that people can write of the type.
                let types = vec!["inetOrgPerson".to_owned()];
                engine
                    .change_connector(&connector, &ConnectorChange { object_types: Some(types), ..ConnectorChange::default() })?;
            }
        }
        Ok(Self { engine, connector, container })
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
    pub fn searches(&self, server: &Server) -> anyhow::Result<Vec<TracedSearch>> {
        let searches = match server {
            Server::Samba(_) => {
                let options = TraceOptions { partition: None, below: None, server: None, from: TraceFrom::Beginning };
                let report = self.engine.trace_import(&self.connector, &options, &mut |_| true)?;
                anyhow::ensure!(report.error.is_none(), "{:?}", report.error);
                report.searches
            }
            Server::OpenLdap(_) => self.searches_of_openldap(server)?,
        };
        Ok(searches.into_iter().filter(|search| search.pages > 0 && search.entries > 0).collect())
    }

    fn searches_of_openldap(&self, server: &Server) -> anyhow::Result<Vec<TracedSearch>> {
        let id = self.engine.connector(&self.connector)?.id;
        let record = configuration::connector(&*self.engine.database().reader()?, id)?.context("no connector")?;
        let request = ImportRequest {
            mode: ImportMode::Full,
            partition: self.container.clone(),
            elsewhere: Vec::new(),
            object_types: record.object_types,
            attributes: record.attributes,
            include: Vec::new(),
            exclude: Vec::new(),
            page_size: server.page_size(),
            timeout_secs: 0,
            schema: Arc::new(record.schema),
            cancel: CancelToken::default(),
        };
        let password = SecretString::from(server.password().to_owned());
        let mut connector = GenericLdapConnector::open(server.settings(&self.container)?, password)?;
        let told: Arc<Mutex<Vec<TracedSearch>>> = Arc::default();
        let searches = Arc::clone(&told);
        connector.observe(Observer::new(move |search| {
            let mut searches = searches.lock().unwrap_or_else(PoisonError::into_inner);
            match searches.last_mut().filter(|last| last.goes_on_with(&search)) {
                Some(last) => last.add(&search),
                None => searches.push(search),
            }
        }));
        connector.import(&request, &mut |_| true)?;
        drop(connector);
        Ok(std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Lets the next delta import begin where the server has told nothing yet: the cookie of the watermark goes.
    pub fn begin_at_the_beginning(&self, server: &Server) -> anyhow::Result<()> {
        let text = match server {
            Server::Samba(_) => self.beginning_of_samba(server)?,
            Server::OpenLdap(_) => json!({
                "version": 1,
                "partition": server.entry_uuid(&self.container)?,
                "anchor": "entryUUID",
                // A cookie that says nothing of what is known.
                "cookie": BASE64.encode("rid=000"),
                "stamp": null,
            }),
        };
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

    fn beginning_of_samba(&self, server: &Server) -> anyhow::Result<serde_json::Value> {
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
        Ok(text)
    }
}
