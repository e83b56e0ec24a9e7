/// The stand-in's addresses by name, as the cases of the shared suite name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses(Vec<(&'static str, String)>);

impl Addresses {
    pub(crate) fn add(&mut self, name: &'static str, url: String) {
        self.0.push((name, url));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, url)| (*name, url.as_str()))
    }

    /// `text` with every `{name}` replaced by the address of that name.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.iter().fold(text.to_owned(), |filled, (name, url)| filled.replace(&format!("{{{name}}}"), url))
    }
}
