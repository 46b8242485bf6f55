package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	networkvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
)

// validate does with an object what the API server does when it is created: defaults, then validation. The object is
// changed.
func validate(object runtime.Object) []error {
	legacyscheme.Scheme.Default(object)
	group := object.GetObjectKind().GroupVersionKind().Group
	internal, err := legacyscheme.Scheme.UnsafeConvertToVersion(object, schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal})
	if err != nil {
		return []error{err}
	}
	found, err := validateInternal(internal)
	if err != nil {
		return []error{err}
	}
	var all []error
	for _, f := range found {
		all = append(all, f)
	}
	return all
}

func validateInternal(object runtime.Object) (field.ErrorList, error) {
	switch o := object.(type) {
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, nil)), nil
	case *batch.Job:
		selectItself(o)
		return batchvalidation.ValidateJob(o, batchvalidation.JobValidationOptions{
			PodValidationOptions: pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, nil), RequirePrefixedLabels: true,
		}), nil
	case *batch.CronJob:
		return batchvalidation.ValidateCronJobCreate(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.JobTemplate.Spec.Template, nil)), nil
	case *core.Service:
		return corevalidation.ValidateServiceCreate(o), nil
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(o), nil
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(o), nil
	case *core.Namespace:
		return corevalidation.ValidateNamespace(o), nil
	case *networking.NetworkPolicy:
		return networkvalidation.ValidateNetworkPolicy(o, networkvalidation.NetworkPolicyValidationOptions{}), nil
	case *networking.Ingress:
		return networkvalidation.ValidateIngressCreate(o), nil
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(o, policyvalidation.PodDisruptionBudgetValidationOptions{}), nil
	}
	return nil, fmt.Errorf("nobody knows how to check a %T: add it to .tools/manifests/validate.go", object)
}

// selectItself gives a Job the selector that the API server makes up for it.
func selectItself(j *batch.Job) {
	j.UID = "0"
	labels := map[string]string{
		batch.LegacyJobNameLabel: j.Name, batch.JobNameLabel: j.Name,
		batch.LegacyControllerUidLabel: string(j.UID), batch.ControllerUidLabel: string(j.UID),
	}
	if j.Spec.Template.Labels == nil {
		j.Spec.Template.Labels = map[string]string{}
	}
	for k, v := range labels {
		j.Spec.Template.Labels[k] = v
	}
	j.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{batch.ControllerUidLabel: string(j.UID)}}
}
