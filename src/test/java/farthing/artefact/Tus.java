package farthing.artefact;

import static io.restassured.RestAssured.given;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** A client of the upload protocol that can also do wrong. */
final class Tus {

    static final String BYTES = "application/offset+octet-stream";
    private static final RestAssuredConfig CONFIG = RestAssuredConfig.config()
            .encoderConfig(EncoderConfig.encoderConfig().encodeContentTypeAs(BYTES, io.restassured.http.ContentType.BINARY)
                    .appendDefaultContentCharsetToContentTypeIfUndefined(false));

    private final String token;

    Tus(String token) {
        this.token = token;
    }

    RequestSpecification request() {
        return given().config(CONFIG).header("Authorization", "Bearer " + token).header("Tus-Resumable", "1.0.0");
    }

    Response create(String fileName, long size, String checksum) {
        String metadata = "filename " + base64(fileName) + (checksum.isEmpty() ? "" : ",checksum " + base64(checksum));
        return request().header("Upload-Length", size).header("Upload-Metadata", metadata).post("/api/uploads");
    }

    String created(String fileName, long size) {
        return create(fileName, size, "").then().statusCode(201).extract().header("Location");
    }

    Response append(String upload, long offset, byte[] bytes) {
        return appending(offset, bytes).patch(upload);
    }

    RequestSpecification appending(long offset, byte[] bytes) {
        return request().header("Upload-Offset", offset).contentType(BYTES).body(bytes);
    }

    long offset(String upload) {
        return Long.parseLong(request().head(upload).then().statusCode(200).extract().header("Upload-Offset"));
    }

    Response state(String upload) {
        return given().header("Authorization", "Bearer " + token).get(upload);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
