//! Who is asked for a review, and who cannot be.

use serde_json::json;
use url::Url;

use super::api::{Api, Verb};
use super::error::{ForgeError, Kind};

impl Api {
    /// Asks for reviews as GitHub and Forgejo have it: all together, and one by one where that is refused, so that who
    /// cannot be asked stands in nobody's way.
    pub(super) async fn ask_for_reviews(
        &self,
        asked: &str,
        url: &Url,
        reviewers: &[String],
    ) -> Result<(), ForgeError> {
        let ask = |names: &[String]| {
            let (teams, users): (Vec<&str>, Vec<&str>) =
                names.iter().map(String::as_str).partition(|name| name.starts_with(TEAM));
            let teams: Vec<&str> = teams.iter().filter_map(|name| name.strip_prefix(TEAM)).collect();
            let body = json!({ "reviewers": users, "team_reviewers": teams });
            async move { self.tell(asked, Verb::Add, url.clone(), &body).await }
        };
        let is_about_them = |error: &ForgeError| matches!(error.kind(), Kind::Refused | Kind::NotFound);
        match ask(reviewers).await {
            Err(error) if is_about_them(&error) => {}
            result => return result,
        }
        let mut refused = Vec::new();
        for one in reviewers.chunks(1) {
            match ask(one).await {
                Err(error) if is_about_them(&error) => {
                    refused.push((one.concat(), error.cause().to_owned()));
                }
                result => result?,
            }
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(cannot_review(asked, &self.host(), &refused)),
        }
    }
}

/// What stands before the name of a team.
const TEAM: &str = "team:";

/// That some reviewers were not asked, and why.
pub(super) fn cannot_review(asked: &str, host: &str, refused: &[(String, String)]) -> ForgeError {
    let names: Vec<_> = refused.iter().map(|(name, why)| format!("`{name}` ({why})")).collect();
    let cause = format!("{host} takes no review from {}", names.join(", "));
    ForgeError::new(Kind::Refused, asked, cause).hinted("check `propose.reviewers`")
}
