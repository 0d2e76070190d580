package com.amazonaws.services.lambda.runtime;

/** The Cognito identity that authorized the call. */
public interface CognitoIdentity {
    String getIdentityId();

    String getIdentityPoolId();
}
