package lambent.runtime;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.Deserializers;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.ServiceLoader;

/** Events to objects, and objects to answers: Jackson, set up as AWS's runtime has it, or the function's own way. */
final class Json {
    // AWS's classes for events spell names otherwise than the events do (Records, eventSourceARN).
    private static final String EVENT_CLASSES = "com.amazonaws.services.lambda.runtime.events.";

    private final ObjectMapper mapper = mapper(false);
    private final ObjectMapper eventMapper = mapper(true);
    private CustomPojoSerializer custom;

    private static ObjectMapper mapper(boolean ignoresCase) {
        return JsonMapper.builder()
            .configure(MapperFeature.ACCEPT_CASE_INSENSITIVE_PROPERTIES, ignoresCase)
            .configure(MapperFeature.ALLOW_FINAL_FIELDS_AS_MUTATORS, true)
            .configure(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN, true)
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
            .configure(SerializationFeature.FAIL_ON_EMPTY_BEANS, false)
            .addModule(new JodaDates())
            .build();
    }

    /** A serializer that the function brings is found as a service. */
    void useSerializerOf(ClassLoader function) {
        custom = ServiceLoader.load(CustomPojoSerializer.class, function).findFirst().orElse(null);
    }

    ObjectMapper plain() {
        return mapper;
    }

    Object read(byte[] data, int start, Type type) {
        try {
            if (custom != null) {
                return custom.fromJson(new ByteArrayInputStream(data, start, data.length - start), type);
            }
            ObjectMapper chosen = type.getTypeName().startsWith(EVENT_CLASSES) ? eventMapper : mapper;
            return chosen.readValue(data, start, data.length - start, chosen.constructType(type));
        } catch (IOException error) {
            throw new RuntimeException("An error occurred during JSON parsing", error);
        }
    }

    byte[] write(Object value, Type type) {
        try {
            if (custom != null && value != null) {
                ByteArrayOutputStream output = new ByteArrayOutputStream();
                custom.toJson(value, output, type);
                return output.toByteArray();
            }
            return mapper.writeValueAsBytes(value);
        } catch (IOException error) {
            throw new RuntimeException("An error occurred during JSON serialization of response", error);
        }
    }

    /** Joda's DateTime, which some of AWS's classes for events hold, comes with the function: it is known by name. */
    private static final class JodaDates extends Module {
        @Override
        public String getModuleName() {
            return "joda";
        }

        @Override
        public Version version() {
            return Version.unknownVersion();
        }

        @Override
        public void setupModule(SetupContext context) {
            context.addDeserializers(new Deserializers.Base() {
                @Override
                public JsonDeserializer<?> findBeanDeserializer(
                    JavaType type, DeserializationConfig config, BeanDescription description) {
                    boolean isDate = type.getRawClass().getName().equals("org.joda.time.DateTime");
                    return isDate ? new DateReader(type.getRawClass()) : null;
                }
            });
        }
    }

    private static final class DateReader extends JsonDeserializer<Object> {
        private final Class<?> dates;

        DateReader(Class<?> dates) {
            this.dates = dates;
        }

        @Override
        public Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            try {
                return dates.getMethod("parse", String.class).invoke(null, parser.getText());
            } catch (ReflectiveOperationException error) {
                throw new IOException(error);
            }
        }
    }
}
