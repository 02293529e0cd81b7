package farthing.web;

import java.util.List;

import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;

import io.quarkus.smallrye.openapi.OpenApiFilter;

/** Leaves in the description what programs use: pages are for people. Whatever stands under {@code /api} takes a token. */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public class ApiDescription implements OASFilter {

    @Override
    public void filterOpenAPI(OpenAPI api) {
        if (api.getPaths() == null || api.getPaths().getPathItems() == null) {
            return;
        }
        List.copyOf(api.getPaths().getPathItems().keySet()).forEach(path -> {
            if (Audience.ofPath(path) == Audience.BROWSER) {
                api.getPaths().removePathItem(path);
            } else if (Audience.ofPath(path) == Audience.PROGRAM) {
                api.getPaths().getPathItem(path).getOperations().values().forEach(ApiDescription::takesAToken);
            }
        });
    }

    private static void takesAToken(Operation operation) {
        if (operation.getSecurity() == null || operation.getSecurity().isEmpty()) {
            operation.addSecurityRequirement(OASFactory.createSecurityRequirement().addScheme("token"));
        }
    }
}
