use std::collections::HashMap;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{StartError, bodies, clock};

/// The status of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Undefined,
    Started,
    Pending,
    InProgress,
    Completed,
    Hidden,
}

impl Status {
    pub(crate) const ALL: [Self; 6] =
        [Self::Undefined, Self::Started, Self::Pending, Self::InProgress, Self::Completed, Self::Hidden];

    pub(crate) fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.wire() == text)
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Started => "STARTED",
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Hidden => "HIDDEN",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Undefined => "Indefinido",
            Self::Started => "Iniciado",
            Self::Pending => "Pendente",
            Self::InProgress => "Em atendimento",
            Self::Completed => "Concluído",
            Self::Hidden => "Oculto",
        }
    }
}

/// A contact, with the last thing said.
const CONTACTS: [(&str, &str); 6] = [
    ("João Conceição", "Obrigado! 👍"),
    ("Márcia Gonçalves", "Vocês entregam aos sábados?"),
    ("Antônio Brandão", "Não recebi o boleto ainda 😕"),
    ("Inês Magalhães", "Até amanhã, às 14h então."),
    ("Ângela Simões", "É possível trocar a opção do pedido?"),
    ("Estêvão Araújo", "Olá, bom dia! Gostaria de um orçamento…"),
];

const SEEDS: [(Status, [&str; 2]); 6] = [
    (Status::Undefined, ["c3a9f0de-6c1f-4b52-8a55-0f8e4a7d2b10", "session_10000"]),
    (Status::Started, ["1b0c7a52-41f9-4f0e-9a6e-3c5e2f7d8a11", "session_12345"]),
    (Status::Pending, ["2d8e91b4-7f36-4c1a-b2d7-8e0f6a9c4b22", "session_23456"]),
    (Status::InProgress, ["3f7a20c6-95d8-4e2b-8c41-5d1b7e0a6c33", "session_34567"]),
    (Status::Completed, ["567ca9b8-eaa9-4a33-8cf9-d2c67060af74", "session_45678"]),
    (Status::Hidden, ["4e6b53d8-0a17-4d9c-9f52-7c2d8f1b5e44", "session_56789"]),
];

/// The sessions, in memory.
#[derive(Debug)]
pub(crate) struct Sessions {
    template: Map<String, Value>,
    by_id: HashMap<String, Session>,
    create_unknown: bool,
}

#[derive(Debug)]
struct Session {
    status: Status,
    serial: usize,
    updated_at: String,
    ended_at: Option<String>,
}

impl Sessions {
    /// The seeded sessions. With `create_unknown` every other id is given a session when it is first addressed.
    pub(crate) fn seeded(create_unknown: bool) -> Result<Self, StartError> {
        let template = serde_json::from_str(bodies::SESSION)?;
        let mut sessions = Self { template, by_id: HashMap::new(), create_unknown };
        for (status, ids) in SEEDS {
            for id in ids {
                sessions.insert(id, status);
            }
        }
        Ok(sessions)
    }

    /// The ids of the seeded sessions by status.
    #[cfg(feature = "program")]
    pub(crate) fn seeded_ids() -> impl Iterator<Item = (&'static str, [&'static str; 2])> {
        SEEDS.into_iter().map(|(status, ids)| (status.wire(), ids))
    }

    /// Makes sure that there is a session `id`.
    pub(crate) fn ensure(&mut self, id: &str) {
        if !self.by_id.contains_key(id) {
            self.insert(id, Status::Started);
        }
    }

    /// Sets the status of session `id` and gives the session object, unless the session is unknown.
    pub(crate) fn set_status(&mut self, id: &str, status: Status) -> Option<Value> {
        if self.create_unknown {
            self.ensure(id);
        }
        let session = self.by_id.get_mut(id)?;
        session.status = status;
        session.updated_at = clock::iso(OffsetDateTime::now_utc());
        session.ended_at = (status == Status::Completed).then(|| session.updated_at.clone());
        Some(session.render(id, &self.template))
    }

    fn insert(&mut self, id: &str, status: Status) {
        let created_at = self.template["createdAt"].as_str().unwrap_or_default();
        let ended_at = self.template["endAt"].as_str().unwrap_or_default();
        let session = Session {
            status,
            serial: self.by_id.len(),
            updated_at: created_at.to_owned(),
            ended_at: (status == Status::Completed).then(|| ended_at.to_owned()),
        };
        self.by_id.insert(id.to_owned(), session);
    }
}

impl Session {
    fn render(&self, id: &str, template: &Map<String, Value>) -> Value {
        let (contact, last_message) = CONTACTS[self.serial % CONTACTS.len()];
        let mut object = template.clone();
        let mut set = |field: &str, value: Value| {
            object.insert(field.to_owned(), value);
        };
        set("id", json!(id));
        set("updatedAt", json!(self.updated_at));
        set("endAt", json!(self.ended_at));
        set("status", json!(self.status.wire()));
        set("previewUrl", json!(format!("https://example.wts.chat/chat2/sessions/{id}")));
        set("title", json!(format!("Atendimento de {contact}")));
        set("number", json!(format!("20260915{:05}", self.serial + 1)));
        set("statusDescription", json!(self.status.description()));
        set("lastMessageText", json!(last_message));
        if self.status != Status::Completed {
            set("classification", Value::Null);
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Map<String, Value> {
        Sessions::seeded(false).unwrap().template
    }

    #[test]
    fn every_status_is_seeded_and_every_field_is_there() {
        let sessions = Sessions::seeded(false).unwrap();
        for (status, ids) in SEEDS {
            for id in ids {
                let object = sessions.by_id[id].render(id, &sessions.template);
                let fields: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
                let expected: Vec<_> = template().keys().cloned().collect();
                assert_eq!(fields, expected);
                assert_eq!(object["id"], id);
                assert_eq!(object["status"], status.wire());
            }
        }
        assert_eq!(sessions.by_id.len(), Status::ALL.len() * 2, "two sessions for each status");
    }

    #[test]
    fn completing_ends_a_session_and_starting_reopens_it() {
        let mut sessions = Sessions::seeded(false).unwrap();
        let completed = sessions.set_status("session_12345", Status::Completed).unwrap();
        assert_eq!(completed["endAt"], completed["updatedAt"]);
        assert_eq!(completed["statusDescription"], "Concluído");
        let reopened = sessions.set_status("session_12345", Status::Started).unwrap();
        assert_eq!(reopened["endAt"], Value::Null);
        assert_eq!(reopened["status"], "STARTED");
    }

    #[test]
    fn unknown_sessions_come_into_being_only_when_told() {
        let mut strict = Sessions::seeded(false).unwrap();
        assert_eq!(strict.set_status("new", Status::Hidden), None);
        strict.ensure("new");
        assert!(strict.set_status("new", Status::Hidden).is_some());
        let mut generous = Sessions::seeded(true).unwrap();
        assert!(generous.set_status("new", Status::Hidden).is_some());
    }
}
