//! The languages of the report, as the service's API names them.

/// A language of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::French];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Returns the headings that a report must have, in order.
    pub(crate) const fn headings(self) -> [&'static str; 9] {
        match self {
            Self::English => [
                "# Incident report and post-mortem\n",
                "## General information\n",
                "## Summary\n",
                "## Timeline\n",
                "## Detection and diagnosis\n",
                "## Root cause\n",
                "### Contributing factors\n",
                "## Corrective actions and recovery\n",
                "## Lessons learned and preventive actions\n",
            ],
            Self::French => [
                "# Rapport d'incident et post-mortem\n",
                "## Informations générales\n",
                "## Résumé\n",
                "## Timeline\n",
                "## Détection et diagnostic\n",
                "## Cause racine\n",
                "### Facteurs contributifs\n",
                "## Actions correctives et rétablissement\n",
                "## Leçons apprises et actions de prévention\n",
            ],
        }
    }
}
