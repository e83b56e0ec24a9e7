use clap::ValueEnum;

/// How a token has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthScheme {
    /// `Authorization: Bearer <token>`
    Bearer,
    /// `Authorization: <token>`
    Raw,
}

#[cfg(feature = "program")]
impl AuthScheme {
    /// The value of the `Authorization` header that carries `token`.
    pub(crate) fn authorization(self, token: &str) -> String {
        match self {
            Self::Bearer => format!("Bearer {token}"),
            Self::Raw => token.to_owned(),
        }
    }
}

/// Who may use the API: the tokens of the one account, and how they have to be sent.
#[derive(Debug)]
pub(crate) struct Access {
    tokens: Vec<String>,
    scheme: AuthScheme,
}

/// What an `Authorization` header turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// `Bearer ` and a token of the account.
    Bearer,
    /// A token of the account alone.
    Raw,
    /// Something else.
    Wrong,
}

impl Credential {
    /// What the journal shows in place of the header's value.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer ***",
            Self::Raw => "raw ***",
            Self::Wrong => "wrong ***",
        }
    }
}

impl Access {
    pub(crate) fn new(tokens: Vec<String>, scheme: AuthScheme) -> Self {
        Self { tokens, scheme }
    }

    /// Tells what `authorization` holds.
    pub(crate) fn inspect(&self, authorization: &[u8]) -> Credential {
        if self.knows(authorization) {
            return Credential::Raw;
        }
        match authorization.strip_prefix(b"Bearer ") {
            Some(token) if self.knows(token) => Credential::Bearer,
            _ => Credential::Wrong,
        }
    }

    /// Whether a request that carries `credential` may pass.
    pub(crate) fn admits(&self, credential: Option<Credential>) -> bool {
        match self.scheme {
            AuthScheme::Bearer => credential == Some(Credential::Bearer),
            AuthScheme::Raw => credential == Some(Credential::Raw),
        }
    }

    /// A token of the account, or one followed by `_` and anything: so tests have as many tokens as they need.
    fn knows(&self, token: &[u8]) -> bool {
        let extends =
            |known: &String| token.strip_prefix(known.as_bytes()).is_some_and(|rest| matches!(rest, [] | [b'_', ..]));
        self.tokens.iter().any(extends)
    }
}
