//! The report in French. Its headings are those of the two reports that this project follows.

use super::{escape::Escape, words::Words};
use crate::incident::{IncidentEvent, IncidentStatus, Subject};

pub(super) const WORDS: Words = Words {
    file_suffix: ".fr",
    decimal: ",",
    colon: " :",
    not_recorded: "non consigné",
    generated: "Rédigé à partir des données consignées. À modifier librement : une mise à jour conserve chaque bloc \
        modifié.",
    title: "Rapport d'incident et post-mortem",
    general: "Informations générales",
    date: "Date et heure",
    service: "Services impactés",
    environment: "Environnement",
    severity: "Gravité",
    severe: "élevée",
    moderate: "modérée",
    status: "État",
    status_name,
    detected: "Détecté",
    mitigated: "Atténué",
    resolved: "Résolu",
    after: "au bout de {}",
    impact: "Impact",
    what: "élément",
    number: "nombre",
    evidence: "preuve",
    failed: "requêtes en échec",
    refused: "requêtes refusées, leur route étant désactivée",
    requests: "total des requêtes terminées",
    users_of: "utilisateurs touchés par {}",
    chart: "Erreurs au fil du temps",
    chart_description: "{} requêtes sur {} ont échoué. Secondes par barre : {}.",
    summary: "Résumé",
    summary_counts: "{} requêtes sur {} ont échoué à partir de {}.",
    summary_times: "Un destinataire a reçu la première alerte au bout de {}, les erreurs ont cessé au bout de {}, et \
        l'incident a pris fin au bout de {}.",
    timeline: "Timeline",
    time: "heure",
    since_start: "depuis la première erreur",
    event: "événement",
    full_timeline: "Tous les événements",
    left_out: "{} autres événements n'ont pas été consignés.",
    detection: "Détection et diagnostic",
    detected_by: "La règle `{}` a détecté la panne, et un destinataire a reçu son alerte au bout de {}.",
    notified: "Notifications envoyées",
    notifier: "canal",
    rule: "règle",
    cause: "Cause racine",
    cause_issue: "{} : « {} », à {}.",
    cause_message: "« {} », à {}.",
    factors: "Facteurs contributifs",
    factor_release: "Démarrage de la version {}.",
    factor_end: "Un processus s'est arrêté : {}.",
    factor_health: "La sonde {} a échoué.",
    to_complete: "*À compléter.*",
    actions: "Actions correctives et rétablissement",
    action: "mesure",
    owner: "responsable",
    due: "échéance",
    done: "fait à {}",
    disable: "Désactiver {}",
    enable: "Réactiver {}",
    resolve: "Résoudre le problème {}",
    lessons: "Leçons apprises et actions de prévention",
    well: "Ce qui a bien fonctionné",
    badly: "Ce qui a mal fonctionné",
    luck: "Où la chance a joué",
    well_detected: "L'alerte est partie {} après la première erreur.",
    well_disabled: "{} a été désactivée sans redéploiement.",
    badly_unacknowledged: "Aucune personne n'a acquitté d'alerte.",
    badly_rose: "Les erreurs sont revenues après avoir cessé.",
    end_name,
    event_text,
};

const fn status_name(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Open => "ouvert",
        IncidentStatus::Mitigated => "atténué",
        IncidentStatus::Resolved => "résolu",
    }
}

fn event_text(event: &IncidentEvent, escape: Escape) -> String {
    match event {
        // Titles of alerts are in English.
        IncidentEvent::AlertTriggered { rule, severity, .. } => {
            format!(
                "Alerte ({}) de la règle `{rule}`",
                if severity == "critical" { "critique" } else { "avertissement" }
            )
        }
        IncidentEvent::AlertResolved { rule, .. } => format!("Fin de l'alerte de la règle `{rule}`"),
        IncidentEvent::Notified { notifier, rule } => {
            format!("{} a reçu l'alerte de la règle `{rule}`", escape(notifier))
        }
        IncidentEvent::Acknowledged { by, rule } => format!("{} a acquitté l'alerte de la règle `{rule}`", escape(by)),
        IncidentEvent::IssueOpened(issue) => format!("Nouveau problème : {}", subject(issue, escape)),
        IncidentEvent::IssueRegressed(issue) => format!("Problème résolu réapparu : {}", subject(issue, escape)),
        IncidentEvent::IssueResolved { by: Some(by) } => format!("{} a résolu le problème", escape(by)),
        IncidentEvent::IssueResolved { by: None } => String::from("Problème résolu"),
        IncidentEvent::RouteDisabled { route, by, reason } if reason.is_empty() => {
            format!("{} a désactivé {}", escape(by), escape(route))
        }
        IncidentEvent::RouteDisabled { route, by, reason } => {
            format!("{} a désactivé {} : {}", escape(by), escape(route), escape(reason))
        }
        IncidentEvent::RouteEnabled { route, by: Some(by) } => format!("{} a réactivé {}", escape(by), escape(route)),
        IncidentEvent::RouteEnabled { route, by: None } => format!("{} réactivée à l'échéance", escape(route)),
        IncidentEvent::HealthChanged { probe, before, after } => {
            let probe = probe.as_deref().map_or_else(|| "Santé".to_owned(), escape);
            format!("{probe} : {}, puis {}", health_name(before), health_name(after))
        }
        IncidentEvent::ReleaseStarted { release } => format!("Démarrage de la version {}", escape(release)),
        IncidentEvent::ProcessEnded { end, .. } => format!("Arrêt du processus précédent : {}", end_name(end)),
        IncidentEvent::RatioRose { failed, requests } => {
            format!("Nouvelles erreurs : {failed} requêtes sur {requests} en échec dans la fenêtre")
        }
        IncidentEvent::Mitigated => String::from("Fin des erreurs"),
        IncidentEvent::Closed { by: Some(by) } => format!("{} a clos l'incident", escape(by)),
        IncidentEvent::Closed { by: None } => String::from("Incident clos après sa période de calme"),
        IncidentEvent::Reopened => String::from("Incident rouvert"),
        IncidentEvent::Note { by, text } => format!("{} : {}", escape(by), escape(text)),
        IncidentEvent::Other(_) => String::from("Événement d'une version plus récente"),
    }
}

fn subject(issue: &Subject, escape: Escape) -> String {
    let name = if issue.type_name.is_empty() { &issue.message } else { &issue.type_name };
    let route = issue.routes.first().map(|route| format!(" dans {}", escape(route))).unwrap_or_default();
    format!("{}{route}", escape(name))
}

fn health_name(status: &str) -> &str {
    match status {
        "ok" => "bon",
        "warning" => "dégradé",
        "error" => "en erreur",
        "unknown" => "inconnu",
        status => status,
    }
}

/// Returns the kind of a process's end.
fn end_name(end: &str) -> &str {
    match end {
        "by_itself" => "de lui-même",
        "out_of_memory" => "mémoire épuisée",
        "machine_restarted" => "avec sa machine",
        "killed" => "tué",
        end => end,
    }
}
