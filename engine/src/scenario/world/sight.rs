//! Looking at the world: from the names of a file to objects, and back.

use super::{Noted, ScenarioError, Site, World};
use crate::connector::memory::MemoryEntry;
use crate::model::{AttributeTable, ConnectorId, CsId, Dn, MvId, RuleId};
use crate::rules::SyncRule;
use crate::scenario::model::{RuleName, Subject};
use crate::store::connector_space::{self, CsObject};
use crate::store::metaverse::{self, MvObject};
use crate::store::{Reader, attributes, configuration, search};
use crate::sync::preview::Preview;

/// What can be seen now; with a preview, what would be there after it.
pub(in crate::scenario) struct Sight<'a> {
    pub world: &'a World,
    pub reader: Reader<'a>,
    pub attributes: AttributeTable,
    pub rules: Vec<SyncRule>,
    pub preview: Option<&'a Preview>,
}

impl<'a> Sight<'a> {
    pub(in crate::scenario) fn new(world: &'a World, preview: Option<&'a Preview>) -> Result<Self, ScenarioError> {
        let reader = world.database.reader()?;
        let attributes = attributes::load(&reader)?;
        let rules = configuration::rules(&reader)?;
        Ok(Self { world, reader, attributes, rules, preview })
    }

    pub(in crate::scenario) fn site(&self, connector: &str) -> Option<&Site> {
        self.world.sites.get(connector)
    }

    /// The rule of a name.
    pub(in crate::scenario) fn rule(&self, name: &RuleName) -> Option<&SyncRule> {
        self.rules.iter().find(|rule| match name {
            RuleName::Precedence(number) => rule.precedence == *number,
            RuleName::Name(text) => rule.name == *text,
        })
    }

    /// How a rule is called in messages.
    pub(in crate::scenario) fn rule_text(&self, id: RuleId) -> String {
        let rule = self.rules.iter().find(|rule| rule.id == id);
        rule.map_or_else(|| "a rule that is gone".to_owned(), |rule| format!("rule {} ({})", rule.precedence, rule.name))
    }

    /// A connector space object.
    pub(in crate::scenario) fn object(&self, subject: &Subject) -> Result<Option<CsObject>, ScenarioError> {
        match subject {
            Subject::Identity(_) | Subject::RememberedIdentity(_) => Ok(None),
            Subject::Object { connector, name } => self.own(connector, name),
            Subject::Named { connector, dn } => self.named(connector, dn),
            Subject::RememberedObject { .. } => self.noted_object(subject),
            Subject::Joined { connector, name } => match self.identity_of(name)? {
                Some(mv) => match self.joined_to(mv)?.into_iter().find(|object| Some(object.connector) == self.id(connector)) {
                    Some(object) => Ok(Some(object)),
                    None => self.noted_object(subject),
                },
                None => self.noted_object(subject),
            },
        }
    }

    fn id(&self, connector: &str) -> Option<ConnectorId> {
        self.site(connector).map(|site| site.id)
    }

    /// The object of a number, after the preview.
    pub(in crate::scenario) fn by_number(&self, id: CsId) -> Result<Option<CsObject>, ScenarioError> {
        match self.preview.and_then(|preview| preview.object(id)) {
            Some(after) => Ok(after),
            None => Ok(connector_space::load_one(&self.reader, id)?),
        }
    }

    fn own(&self, connector: &str, name: &str) -> Result<Option<CsObject>, ScenarioError> {
        let (Some(put), Some(id)) = (self.world.put.get(name), self.id(connector)) else { return Ok(None) };
        let found = connector_space::ids_by_anchor(&self.reader, id, [put.anchor.as_slice()])?;
        if let Some(id) = found.values().next() {
            return self.by_number(*id);
        }
        // Nobody has imported it: there may be a placeholder, or something staged for export.
        Ok(self.named(connector, &put.dn)?.filter(|object| object.anchor.is_none()))
    }

    fn named(&self, connector: &str, dn: &str) -> Result<Option<CsObject>, ScenarioError> {
        let (Some(id), Ok(dn)) = (self.id(connector), Dn::parse(dn)) else { return Ok(None) };
        let found = connector_space::ids_by_dn_key(&self.reader, id, [dn.key()])?;
        if let Some(id) = found.values().next() {
            return self.by_number(*id);
        }
        let new = self.preview.iter().flat_map(|preview| preview.new_objects());
        Ok(new.into_iter().find(|object| object.connector == id && object.dn_key == dn.key()))
    }

    fn noted_object(&self, subject: &Subject) -> Result<Option<CsObject>, ScenarioError> {
        let Some(noted) = self.world.noted.get(subject) else { return Ok(None) };
        match search::connector_space::id_by_guid(&self.reader, noted.guid)? {
            Some(id) => self.by_number(id),
            None => Ok(None),
        }
    }

    /// The metaverse object that a named object is joined to now.
    fn identity_of(&self, name: &str) -> Result<Option<MvId>, ScenarioError> {
        let Some(put) = self.world.put.get(name) else { return Ok(None) };
        Ok(self.own(&put.connector, name)?.and_then(|object| object.mv))
    }

    /// All objects joined to a metaverse object.
    pub(in crate::scenario) fn joined_to(&self, mv: MvId) -> Result<Vec<CsObject>, ScenarioError> {
        let mut objects = Vec::new();
        for id in search::connector_space::ids_by_mv(&self.reader, mv)? {
            objects.extend(self.by_number(id)?.filter(|object| object.mv == Some(mv)));
        }
        if let Some(preview) = self.preview {
            let touched = preview.effects.objects.iter().filter_map(|effect| effect.before.as_ref().map(|before| before.id));
            for id in touched.filter(|id| objects.iter().all(|object| object.id != *id)).collect::<Vec<_>>() {
                objects.extend(self.by_number(id)?.filter(|object| object.mv == Some(mv)));
            }
            objects.extend(preview.new_objects().filter(|object| object.mv == Some(mv)));
        }
        Ok(objects)
    }

    /// A metaverse object.
    pub(in crate::scenario) fn identity(&self, subject: &Subject) -> Result<Option<MvObject>, ScenarioError> {
        if let Subject::Identity(name) = subject
            && let Some(id) = self.identity_of(name)?
        {
            return self.identity_by_number(id);
        }
        let Some(noted) = self.world.noted.get(subject) else { return Ok(None) };
        match search::metaverse::id_by_guid(&self.reader, noted.guid)? {
            Some(id) => self.identity_by_number(id),
            None => Ok(None),
        }
    }

    pub(in crate::scenario) fn identity_by_number(&self, id: MvId) -> Result<Option<MvObject>, ScenarioError> {
        match self.preview.and_then(Preview::metaverse) {
            Some((touched, after)) if touched == id => Ok(after.cloned()),
            _ => Ok(metaverse::load_one(&self.reader, id)?),
        }
    }

    /// What is worth noting of an object that is there.
    pub(in crate::scenario) fn where_is(&self, subject: &Subject) -> Result<Option<Noted>, ScenarioError> {
        if subject.connector().is_none() {
            let found = self.identity(subject)?;
            return Ok(found.map(|object| Noted { guid: object.guid, ..Noted::default() }));
        }
        Ok(self.object(subject)?.map(|object| Noted { guid: object.guid, anchor: object.anchor, dn: object.dn }))
    }

    /// An object of a directory.
    pub(in crate::scenario) fn entry(&self, subject: &Subject) -> Result<Option<MemoryEntry>, ScenarioError> {
        let Some(site) = subject.connector().and_then(|connector| self.site(connector)) else { return Ok(None) };
        match subject {
            Subject::Object { name, .. } => return Ok(self.world.entry_put(name)),
            Subject::Named { dn, .. } => return Ok(site.directory.entry(dn)),
            Subject::Joined { .. } | Subject::RememberedObject { .. } | Subject::Identity(_) | Subject::RememberedIdentity(_) => {
            }
        }
        let known = match self.where_is(subject)? {
            Some(known) => Some(known),
            None => self.world.noted.get(subject).cloned(),
        };
        Ok(known.and_then(|known| match known.anchor {
            Some(anchor) => site.directory.entry_of(&anchor),
            None => site.directory.entry(&known.dn),
        }))
    }

    /// The name of an object in its directory, there or not.
    pub(in crate::scenario) fn dn(&self, subject: &Subject) -> Result<Option<String>, ScenarioError> {
        if let Subject::Named { dn, .. } = subject {
            return Ok(Some(dn.clone()));
        }
        if let Some(entry) = self.entry(subject)? {
            return Ok(Some(entry.dn));
        }
        Ok(match subject {
            Subject::Object { name, .. } => self.world.put.get(name).map(|put| put.dn.clone()),
            _ => match self.object(subject)? {
                Some(object) => Some(object.dn),
                None => self.world.noted.get(subject).map(|noted| noted.dn.clone()),
            },
        })
    }

    /// The name that the file gave an object.
    fn put_name(&self, object: &CsObject) -> Option<&str> {
        let (connector, anchor) = (self.world.connector_name(object.connector), object.anchor.as_ref()?);
        self.world.put.iter().find(|(_, put)| put.connector == connector && put.anchor == *anchor).map(|(name, _)| name.as_str())
    }

    /// The name of one of the objects joined to a metaverse object.
    fn joined_name(&self, mv: MvId) -> Result<Option<String>, ScenarioError> {
        Ok(self.joined_to(mv)?.iter().find_map(|object| self.put_name(object)).map(str::to_owned))
    }

    /// How a connector space object is called in messages: as in the file, else by its name.
    pub(in crate::scenario) fn call(&self, object: &CsObject) -> Result<String, ScenarioError> {
        if let Some(name) = self.put_name(object) {
            return Ok(name.to_owned());
        }
        let connector = self.world.connector_name(object.connector);
        if let Some(mv) = object.mv
            && let Some(name) = self.joined_name(mv)?
        {
            return Ok(format!("{connector}({name})"));
        }
        let noted = self.world.noted.iter().find(|(subject, noted)| noted.guid == object.guid && subject.connector().is_some());
        Ok(noted.map_or_else(|| format!("{connector} \"{}\"", object.dn), |(subject, _)| subject.to_string()))
    }

    /// How metaverse objects are called in messages: by one of the objects joined to them.
    pub(in crate::scenario) fn call_identity(&self, id: MvId) -> Result<String, ScenarioError> {
        Ok(self
            .joined_name(id)?
            .map_or_else(|| "an identity without a name in the file".to_owned(), |name| format!("MV({name})")))
    }
}
