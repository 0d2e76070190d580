package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Client;
import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** One invocation as its handler sees it. `function` is what ASSIGN said, `call` the metadata of INVOKE. */
final class InvocationContext implements Context {
    private final JsonNode function;
    private final JsonNode call;
    private final String requestId;
    private final long deadline;
    private final LambdaLogger logger;
    private final JsonNode client;

    InvocationContext(
        JsonNode function, JsonNode call, JsonNode client, String requestId, long deadline, LambdaLogger logger) {
        this.function = function;
        this.call = call;
        this.client = client;
        this.requestId = requestId;
        this.deadline = deadline;
        this.logger = logger;
    }

    @Override
    public String getAwsRequestId() {
        return requestId;
    }

    @Override
    public String getLogGroupName() {
        return text(function, "log_group");
    }

    @Override
    public String getLogStreamName() {
        return text(function, "log_stream");
    }

    @Override
    public String getFunctionName() {
        return text(function, "function_name");
    }

    @Override
    public String getFunctionVersion() {
        return text(function, "function_version");
    }

    @Override
    public String getInvokedFunctionArn() {
        return text(call, "invoked_function_arn");
    }

    @Override
    public String getTenantId() {
        return text(call, "tenant_id");
    }

    @Override
    public CognitoIdentity getIdentity() {
        JsonNode identity = call.path("identity");
        return new CognitoIdentity() {
            @Override
            public String getIdentityId() {
                return text(identity, "cognitoIdentityId");
            }

            @Override
            public String getIdentityPoolId() {
                return text(identity, "cognitoIdentityPoolId");
            }
        };
    }

    @Override
    public ClientContext getClientContext() {
        return client == null ? null : new SentContext(client);
    }

    @Override
    public int getRemainingTimeInMillis() {
        return (int) Math.max(0, deadline - System.currentTimeMillis());
    }

    @Override
    public int getMemoryLimitInMB() {
        return function.path("memory_mib").asInt();
    }

    @Override
    public LambdaLogger getLogger() {
        return logger;
    }

    private static String text(JsonNode node, String member) {
        return node.path(member).asText(null);
    }

    private record SentContext(JsonNode sent) implements ClientContext, Client {
        @Override
        public Client getClient() {
            return sent.has("client") ? this : null;
        }

        @Override
        public Map<String, String> getCustom() {
            return texts("custom");
        }

        @Override
        public Map<String, String> getEnvironment() {
            return texts("env");
        }

        @Override
        public String getInstallationId() {
            return text(sent.path("client"), "installation_id");
        }

        @Override
        public String getAppTitle() {
            return text(sent.path("client"), "app_title");
        }

        @Override
        public String getAppVersionName() {
            return text(sent.path("client"), "app_version_name");
        }

        @Override
        public String getAppVersionCode() {
            return text(sent.path("client"), "app_version_code");
        }

        @Override
        public String getAppPackageName() {
            return text(sent.path("client"), "app_package_name");
        }

        private Map<String, String> texts(String member) {
            Map<String, String> texts = new LinkedHashMap<>();
            sent.path(member).fields().forEachRemaining(each -> texts.put(each.getKey(), each.getValue().asText()));
            return Collections.unmodifiableMap(texts);
        }
    }
}
