package farthing.metering;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jakarta.inject.Singleton;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.identity.AccountId;
import farthing.identity.ApiKeyId;
import farthing.identity.ApiKeys;

/** How the page, its files and the API name what was called and what with. */
@Singleton
class UsageNames {

    private final UsageDays days;
    private final Catalog catalog;
    private final ApiKeys apiKeys;

    UsageNames(UsageDays days, Catalog catalog, ApiKeys apiKeys) {
        this.days = days;
        this.catalog = catalog;
        this.apiKeys = apiKeys;
    }

    /** The versions of each model that the account has called. */
    Map<String, List<Integer>> modelsOf(AccountId account) {
        Map<String, List<Integer>> models = new TreeMap<>();
        for (VersionId version : days.versionsOf(account)) {
            models.computeIfAbsent(model(version.value()), m -> new ArrayList<>()).add(version.value());
        }
        return models;
    }

    String model(int version) {
        return published(new VersionId(version)).model().toString();
    }

    Published published(VersionId version) {
        return catalog.published(version);
    }

    /** The names that the account gave its keys, newest first. */
    Map<ApiKeyId, String> keysOf(AccountId account) {
        return apiKeys.namesOf(account);
    }
}
